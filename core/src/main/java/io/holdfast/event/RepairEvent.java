package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Something bad that was made good. */
@Name("holdfast.Repair")
@Label("Repair")
@Category("Holdfast")
@Description(
        "What was bad is good: a second read of a block succeeded, another copy was taken, or a repair was written")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class RepairEvent extends Event {
    @Label("What")
    private String what = "";

    @Label("Block of the Device")
    @Description("-1 if it is about more than one")
    private long block;

    /** Makes the event, if somebody records it. */
    public static void emit(String what, long block) {
        RepairEvent event = new RepairEvent();
        if (event.shouldCommit()) {
            event.what = what;
            event.block = block;
            event.commit();
        }
    }
}
