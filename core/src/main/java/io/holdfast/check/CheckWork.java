package io.holdfast.check;

import io.holdfast.background.Job;
import io.holdfast.background.JobCancelledException;
import io.holdfast.background.JobPausedException;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a check looks at, and the job that it is.
 *
 * @param readsData whether data blocks are read
 * @param files inodes to look at, ascending; empty for everything
 * @param totalBlocks how many blocks the files have; 0 for everything
 * @param memory what it may take
 */
public record CheckWork(Job job, boolean readsData, List<Long> files, long totalBlocks, CheckMemory memory) {
    /**
     * Does a part of the check. If the job is paused meanwhile, the part ends, lets go of what it keeps, and is done again when
     * the job is resumed.
     *
     * @throws JobCancelledException if the job is to end
     */
    <T> T unpaused(Supplier<T> part) {
        while (true) {
            try {
                return part.get();
            } catch (JobPausedException e) {
                job.awaitTurn();
            }
        }
    }
}
