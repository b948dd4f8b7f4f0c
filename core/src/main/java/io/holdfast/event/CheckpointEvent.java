package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A checkpoint. */
@Name("holdfast.Checkpoint")
@Label("Checkpoint")
@Category("Holdfast")
@Description("A checkpoint, from before the freeze until its dead blocks can be used again")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class CheckpointEvent extends Event {
    @Label("Generation")
    @Description("Number of the newest durable checkpoint afterwards")
    private long generation;

    @Label("Durable")
    private boolean durable;

    /** Ends the event. */
    public void ended(long newest, boolean success) {
        end();
        if (shouldCommit()) {
            generation = newest;
            durable = success;
            commit();
        }
    }
}
