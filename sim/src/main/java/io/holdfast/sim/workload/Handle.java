package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.FileModel;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;

/**
 * An open file, a queue for reads of it, and its model.
 *
 * @param disk opened as a disk: no call through it may change the size
 */
record Handle(StoredFile file, ReadQueue queue, FileModel model, boolean disk) {
    static Handle of(StoredFile file, FileModel model, boolean disk) throws HoldfastException {
        return new Handle(file, file.openReads("queued-read", () -> {}), model, disk);
    }
}
