package io.holdfast.checksum;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;

/** Finds an algorithm by its number in the superblock. */
public final class Checksums {
    private static final Checksum CRC32C = new Crc32c();
    private static final Checksum XXH3 = new Xxh3();

    private Checksums() {}

    /** Returns the algorithm, or throws {@code UNSUPPORTED}. */
    public static Checksum byId(int id) throws HoldfastException {
        return switch (id) {
            case Crc32c.ID -> CRC32C;
            case Xxh3.ID -> XXH3;
            default ->
                throw new HoldfastException(
                        ErrorCode.UNSUPPORTED,
                        "checksum algorithm %d is not known to this version; a newer Holdfast may open the volume"
                                .formatted(id));
        };
    }

    /** Returns the algorithm of every superblock's own checksum. */
    public static Checksum superblock() {
        return CRC32C;
    }
}
