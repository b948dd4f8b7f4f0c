package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A flush of the device. */
@Name("holdfast.Flush")
@Label("Device Flush")
@Category("Holdfast")
@Description("A flush of the device, from the call to its end")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class FlushEvent extends Event {
    @Label("Succeeded")
    private boolean succeeded;

    /** Ends the event. */
    public void ended(boolean success) {
        end();
        if (shouldCommit()) {
            succeeded = success;
            commit();
        }
    }
}
