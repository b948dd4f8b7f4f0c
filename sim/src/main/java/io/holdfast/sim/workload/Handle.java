package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.FileModel;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;

/**
 * An open file, a queue of reads of it, and what it must hold.
 *
 * @param disk opened as a disk: nothing done through it may change the size
 */
record Handle(StoredFile file, ReadQueue queue, FileModel model, boolean disk) {
    static Handle of(StoredFile file, FileModel model, boolean disk) throws HoldfastException {
        return new Handle(file, file.openReads("queued-read", () -> {}), model, disk);
    }
}
