package io.holdfast.checkpoint;

import java.util.Set;
import java.util.function.LongFunction;

/** Finds out what messages call files. The layer of checkpoints knows numbers of inodes alone. */
@FunctionalInterface
public interface FileNames {
    /** Calls files by their numbers. */
    FileNames NUMBERS = inodes -> inode -> "inode " + inode;

    /**
     * Returns what to call each of these inodes. Waits for no lock that a change holds: whoever asks may be what the change
     * waits for. Throws nothing.
     */
    LongFunction<String> of(Set<Long> inodes);
}
