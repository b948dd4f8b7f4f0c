package io.holdfast.cli.rescue;

/**
 * What a rescue did.
 *
 * @param files that were copied, whole or in part
 * @param bytes written, without holes
 * @param nameless files, directories and links in {@code lost+found}
 * @param unverified files without checksums: nothing says whether what was read of them is right
 * @param lostPlaces lines of damage, files and ranges that could not be read
 * @param lostBytes bytes that are zero in the copies because they could not be read
 */
public record RescueResult(
        long files,
        long directories,
        long links,
        long bytes,
        long nameless,
        long unverified,
        long lostPlaces,
        long lostBytes) {}
