package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A wait of a client for room, or for its turn. */
@Name("holdfast.Throttle")
@Label("Throttled Client")
@Category("Holdfast")
@Description(
        "A client's call had to wait, or to do background work itself, because something was full or its export has a limit")
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class ThrottleEvent extends Event {
    /** What was full. */
    public enum Cause {
        /** The log or the changes in memory: a checkpoint must proceed. */
        CHANGES("changes"),
        /** Dirty pages. */
        DIRTY("dirty"),
        /** The cache. */
        MEMORY("memory"),
        /** What an export's limits allow in a second. */
        LIMIT("limit"),
        /** The volume: a checkpoint must free blocks. */
        SPACE("space");

        private final String label;

        Cause(String label) {
            this.label = label;
        }
    }

    @Label("Cause")
    private String cause = "";

    /** Ends the event. */
    public void ended(Cause full) {
        end();
        if (shouldCommit()) {
            cause = full.label;
            commit();
        }
    }
}
