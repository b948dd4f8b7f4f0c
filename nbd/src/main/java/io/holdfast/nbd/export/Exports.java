package io.holdfast.nbd.export;

import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The regular files of a volume as exports. A name is a path, with or without the leading slash. The empty name stands
 * for the volume's only regular file, if it has exactly one.
 *
 * <p>Invariant: a listing visits at most {@link #ENTRIES_MAX} directory entries, whatever the volume holds.
 */
public final class Exports {
    /** A listing is given up beyond so many directory entries. */
    public static final int ENTRIES_MAX = 20_000;

    private static final int PAGE = 256;

    private final Volume volume;
    private final boolean readOnly;
    private final int sectorSize;
    private final int entriesMax;

    public Exports(Volume volume, boolean readOnly, int sectorSize) {
        this(volume, readOnly, sectorSize, ENTRIES_MAX);
    }

    Exports(Volume volume, boolean readOnly, int sectorSize, int entriesMax) {
        this.volume = volume;
        this.readOnly = readOnly || volume.info().readOnly();
        this.sectorSize = sectorSize;
        this.entriesMax = entriesMax;
    }

    /** Returns the names of all exports, each directory in byte order of the names. */
    public List<String> list() throws ExportException {
        return walk(Integer.MAX_VALUE);
    }

    /** Opens the file that {@code name} leads to; the caller closes {@link Export#file()}. */
    public Export open(String name) throws ExportException {
        String path = name.isEmpty() ? onlyFile() : canonical(name);
        try {
            StoredFile file = volume.openDisk("/" + path);
            if (file.size() < 0) {
                file.close();
                throw new ExportException(
                        OptionReply.ERR_TOO_BIG,
                        "/" + path + " has " + Long.toUnsignedString(file.size())
                                + " bytes; NBD clients take exports of at most 2^63 - 1 bytes");
            }
            return new Export(path, file, file.size(), readOnly, sectorSize);
        } catch (HoldfastException e) {
            throw new ExportException(replyTo(e), "cannot open export '" + name + "': " + e.getMessage());
        }
    }

    private String onlyFile() throws ExportException {
        List<String> names = walk(2);
        if (names.size() == 1) {
            return names.getFirst();
        }
        String why = names.isEmpty() ? "has no file" : "has several files";
        throw new ExportException(
                OptionReply.ERR_UNKNOWN, "the volume " + why + ", so there is no default export; give a path");
    }

    private List<String> walk(int filesMax) throws ExportException {
        List<String> files = new ArrayList<>();
        Deque<String> directories = new ArrayDeque<>(List.of(""));
        int entries = 0;
        while (!directories.isEmpty()) {
            String directory = directories.removeFirst();
            String after = "";
            List<DirectoryEntry> page;
            do {
                page = page(directory, after);
                for (DirectoryEntry entry : page) {
                    if (++entries > entriesMax) {
                        throw new ExportException(
                                OptionReply.ERR_TOO_BIG,
                                "the volume has more than " + entriesMax + " names and is not listed; give a path");
                    }
                    switch (entry.kind()) {
                        case REGULAR -> files.add(directory + entry.name());
                        case DIRECTORY -> directories.addLast(directory + entry.name() + "/");
                        case SYMLINK -> {}
                    }
                    if (files.size() >= filesMax) {
                        return files;
                    }
                    after = entry.name();
                }
            } while (page.size() == PAGE);
        }
        return files;
    }

    private List<DirectoryEntry> page(String directory, String after) throws ExportException {
        try {
            return volume.list("/" + directory, after, PAGE);
        } catch (HoldfastException e) {
            throw new ExportException(OptionReply.ERR_POLICY, "cannot list /" + directory + ": " + e.getMessage());
        }
    }

    private static String canonical(String name) {
        int start = 0;
        while (start < name.length() && name.charAt(start) == '/') {
            start++;
        }
        return name.substring(start);
    }

    private static OptionReply replyTo(HoldfastException e) {
        return switch (e.code()) {
            case NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, NAME_TOO_LONG, TOO_MANY_SYMLINKS, INVALID ->
                OptionReply.ERR_UNKNOWN;
            case CLOSED -> OptionReply.ERR_SHUTDOWN;
            default -> OptionReply.ERR_POLICY;
        };
    }
}
