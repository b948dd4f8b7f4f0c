package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A call that went the slower of two ways. */
@Name("holdfast.Fallback")
@Label("Fallback")
@Category("Holdfast")
@Description("A fast way did not lead to the end, so the call goes the slow one")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class FallbackEvent extends Event {
    @Label("What")
    private String what = "";

    @Label("Why")
    private String why = "";

    /** Makes the event, if somebody records it. */
    public static void emit(String what, String why) {
        FallbackEvent event = new FallbackEvent();
        if (event.shouldCommit()) {
            event.what = what;
            event.why = why;
            event.commit();
        }
    }
}
