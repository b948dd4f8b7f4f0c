package io.holdfast.sim.workload;

import io.holdfast.sim.model.FileModel;
import io.holdfast.volume.StoredFile;

/** An open file, and what it must hold. */
record Handle(StoredFile file, FileModel model) {}
