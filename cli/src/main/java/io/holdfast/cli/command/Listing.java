package io.holdfast.cli.command;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Volume;
import java.util.Optional;

/** Goes through a directory of any size. */
public final class Listing {
    private Listing() {}

    /** Takes an entry; returns false to stop. */
    @FunctionalInterface
    public interface Visitor {
        boolean visit(DirectoryEntry entry) throws HoldfastException;
    }

    /** Calls the visitor for each entry in byte order; returns false if the visitor stopped. */
    public static boolean forEach(Volume volume, String path, Visitor visitor) throws HoldfastException {
        DirectoryCursor cursor = DirectoryCursor.of(volume, path);
        while (true) {
            Optional<DirectoryEntry> entry = cursor.next();
            if (entry.isEmpty()) {
                return true;
            }
            if (!visitor.visit(entry.get())) {
                return false;
            }
        }
    }
}
