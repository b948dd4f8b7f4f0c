package io.holdfast.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.device.MemoryDevice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads all that a rescue can of a damaged volume: whatever is damaged, what fails fails with an error that says so. */
final class RescueReading {
    private static final Set<ErrorCode> EXPECTED = Set.of(
            ErrorCode.DAMAGED,
            ErrorCode.CHECKSUM_MISMATCH,
            ErrorCode.DEVICE_ERROR,
            ErrorCode.STALE,
            ErrorCode.INVALID,
            ErrorCode.IS_A_DIRECTORY,
            ErrorCode.NOT_A_DIRECTORY);
    private static final int SIZE_READ_MAX = 4 << 20;

    private final Inodes inodes;
    private final Set<Long> entered = new HashSet<>();
    private final Deque<Long> directories = new ArrayDeque<>(List.of(Inodes.ROOT));
    /** Files that were read as a whole. */
    private final Set<Long> whole = new HashSet<>();

    private RescueReading(Inodes inodes) {
        this.inodes = inodes;
    }

    /** Something that damage may keep from working. */
    private interface Step {
        void run() throws HoldfastException;
    }

    /** Reads everything; returns the files that were read as a whole. The device is closed. */
    static Set<Long> read(MemoryDevice device) throws Exception {
        try (Volume open = PlantedVolume.openToRescue(device)) {
            RescueReading reading = new RescueReading(open.inodes());
            reading.names();
            reading.numbers();
            open.damage();
            return reading.whole;
        }
    }

    private static void tried(Step step) {
        try {
            step.run();
        } catch (HoldfastException e) {
            assertThat(e.code()).as(e.getMessage()).isIn(EXPECTED);
        }
    }

    private void names() {
        while (!directories.isEmpty()) {
            long directory = directories.remove();
            if (entered.add(directory)) {
                tried(() -> list(directory));
            }
        }
    }

    private void list(long directory) throws HoldfastException {
        DirectoryCursor cursor = inodes.cursor(directory);
        Optional<DirectoryEntry> entry = cursor.next();
        while (entry.isPresent()) {
            long inode = entry.get().inode();
            switch (entry.get().kind()) {
                case DIRECTORY -> directories.add(inode);
                case REGULAR -> tried(() -> file(inode));
                case SYMLINK -> tried(() -> inodes.readLink(inode));
            }
            entry = cursor.next();
        }
    }

    private void numbers() throws HoldfastException {
        List<Long> numbers = inodes.numbers(0, 100);
        while (!numbers.isEmpty()) {
            for (long inode : numbers) {
                tried(() -> inodes.status(inode));
                tried(() -> file(inode));
            }
            numbers = inodes.numbers(numbers.getLast(), 100);
        }
    }

    private void file(long inode) throws HoldfastException {
        try (StoredFile file = inodes.open(inode)) {
            long size = Long.compareUnsigned(file.size(), SIZE_READ_MAX) > 0 ? SIZE_READ_MAX : file.size();
            file.map(0, size, 1000);
            MemorySegment block = MemorySegment.ofArray(new byte[Block.SIZE]);
            boolean[] good = {true};
            for (long at = 0; at < size; at += Block.SIZE) {
                long offset = at;
                try {
                    file.read(offset, block);
                } catch (HoldfastException e) {
                    assertThat(e.code()).as(e.getMessage()).isIn(EXPECTED);
                    good[0] = false;
                }
            }
            if (good[0]) {
                whole.add(inode);
            }
        }
    }
}
