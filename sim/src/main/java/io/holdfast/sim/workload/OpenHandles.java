package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import io.holdfast.sim.model.FileModel;
import io.holdfast.volume.StoredFile;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** The files that one client has open. Invariant: at most {@link #MAX}. */
final class OpenHandles {
    private static final int MAX = 4;

    private final List<Handle> handles = new ArrayList<>();

    boolean isEmpty() {
        return handles.isEmpty();
    }

    boolean isFull() {
        return handles.size() >= MAX;
    }

    Handle any(SplittableRandom random) {
        return handles.get(random.nextInt(handles.size()));
    }

    void add(Handle handle) {
        handles.add(handle);
    }

    /** Takes over a file that was created, or closes it if there are enough. */
    void addOrClose(StoredFile file, FileModel model) throws HoldfastException {
        if (isFull()) {
            file.close();
        } else {
            add(Handle.of(file, model, false));
        }
    }

    void close(Handle handle) {
        handles.remove(handle);
        handle.file().close();
    }

    void closeAll() {
        handles.forEach(handle -> handle.file().close());
        handles.clear();
    }

    /** Forgets all handles, because the volume was closed. */
    void forget() {
        handles.clear();
    }
}
