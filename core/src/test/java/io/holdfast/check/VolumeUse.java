package io.holdfast.check;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Does a bounded bit of everything with a volume that may be damaged, and notes what tells of damage. */
final class VolumeUse {
    /** What a sound volume may answer too. */
    private static final Set<ErrorCode> NOT_DAMAGE = EnumSet.of(
            ErrorCode.NOT_FOUND,
            ErrorCode.EXISTS,
            ErrorCode.NOT_A_DIRECTORY,
            ErrorCode.IS_A_DIRECTORY,
            ErrorCode.DIRECTORY_NOT_EMPTY,
            ErrorCode.TOO_MANY_LINKS,
            ErrorCode.TOO_MANY_SYMLINKS,
            ErrorCode.NAME_TOO_LONG,
            ErrorCode.NO_SPACE,
            ErrorCode.FILE_TOO_LARGE,
            ErrorCode.INVALID);

    private static final int DIRECTORIES_MAX = 8;
    private static final int ENTRIES_MAX = 20;
    private static final int EXTENTS_MAX = 16;

    private final Volume volume;
    private final List<HoldfastException> damage;
    private final MemorySegment memory = MemorySegment.ofArray(new byte[8 * Volume.BLOCK_SIZE]);

    VolumeUse(Volume volume, List<HoldfastException> damage) {
        this.volume = volume;
        this.damage = damage;
    }

    private interface Step {
        void run() throws HoldfastException;
    }

    private void attempt(Step step) {
        try {
            step.run();
        } catch (HoldfastException e) {
            if (!NOT_DAMAGE.contains(e.code())) {
                damage.add(e);
            }
        }
    }

    void read() {
        Deque<String> directories = new ArrayDeque<>(List.of("/"));
        for (int i = 0; i < DIRECTORIES_MAX && !directories.isEmpty(); i++) {
            String directory = directories.poll();
            attempt(() -> {
                for (DirectoryEntry entry : volume.list(directory, "", ENTRIES_MAX)) {
                    String path = (directory.equals("/") ? "" : directory) + "/" + entry.name();
                    if (entry.kind() == FileKind.DIRECTORY) {
                        directories.add(path);
                    }
                    node(path, entry.kind());
                }
            });
        }
        volume.usage();
        volume.info();
    }

    private void node(String path, FileKind kind) {
        attempt(() -> volume.status(path));
        attempt(() -> {
            for (String name : volume.listXattrs(path)) {
                volume.getXattr(path, name);
            }
        });
        switch (kind) {
            case REGULAR -> attempt(() -> file(path));
            case SYMLINK -> attempt(() -> volume.readLink(path));
            case DIRECTORY -> {}
        }
    }

    private void file(String path) throws HoldfastException {
        try (StoredFile file = volume.open(path)) {
            long last = Math.max(0, file.size() - memory.byteSize());
            for (long offset : new long[] {0, last}) {
                attempt(() -> file.read(offset, memory));
            }
            attempt(() -> file.map(0, Long.MAX_VALUE, EXTENTS_MAX));
        }
    }

    void write() {
        for (String path : List.of("/data", "/raw", "/attributed", "/dir/file3", "/late0", "/new")) {
            attempt(() -> change(path));
        }
        attempt(() -> volume.mkdir("/dir/made", CreateOptions.directory()));
        attempt(() -> volume.rename("/dir/file5", "/dir/made/file5"));
        attempt(() -> volume.symlink("/dir/made/link", "/data"));
        attempt(() -> volume.setXattr("/data", "user.fuzz", new byte[2000]));
        attempt(volume::checkpoint);
        for (String path : List.of("/canary", "/link", "/dir/file7", "/data", "/dir/sub", "/raw")) {
            attempt(() -> volume.remove(path));
        }
        attempt(volume::sync);
        // What a checkpoint cut off is freed by the next.
        attempt(volume::checkpoint);
        attempt(volume::checkpoint);
    }

    private void change(String path) throws HoldfastException {
        try (StoredFile file = path.equals("/new") ? volume.create(path, CreateOptions.file()) : volume.open(path)) {
            attempt(() -> file.write(5000, memory));
            attempt(() -> file.write(1L << 33, memory));
            attempt(() -> file.allocate(1L << 21, 1L << 20));
            attempt(() -> file.punch(3 * Volume.BLOCK_SIZE, 1L << 19));
            attempt(() -> file.zero(100, 10_000));
            attempt(file::flush);
            attempt(() -> file.truncate(1L << 20));
        }
    }
}
