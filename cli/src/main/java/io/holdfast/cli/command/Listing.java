package io.holdfast.cli.command;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.Volume;
import java.util.List;

/** Goes through a directory of any size, a page at a time. */
public final class Listing {
    private static final int PAGE = 256;

    private Listing() {}

    /** Takes an entry; returns false to stop. */
    @FunctionalInterface
    public interface Visitor {
        boolean visit(DirectoryEntry entry) throws HoldfastException;
    }

    /** Calls the visitor for each entry in byte order; returns false if the visitor stopped. */
    public static boolean forEach(Volume volume, String path, Visitor visitor) throws HoldfastException {
        String after = "";
        while (true) {
            List<DirectoryEntry> page = volume.list(path, after, PAGE);
            if (page.isEmpty()) {
                return true;
            }
            for (DirectoryEntry entry : page) {
                if (!visitor.visit(entry)) {
                    return false;
                }
            }
            after = page.getLast().name();
        }
    }
}
