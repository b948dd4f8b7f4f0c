package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A read by a mapping that a write has replaced meanwhile. */
@Name("holdfast.StaleMapping")
@Label("Stale Mapping")
@Category("Holdfast")
@Description(
        "A block was read from where it no longer is, so it is read again. Normal where a range is read and written at once")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class StaleMappingEvent extends Event {
    @Label("File")
    private String file = "";

    @Label("Block of the File")
    private long block;

    /** Makes the event, if somebody records it. */
    public static void emit(String file, long block) {
        StaleMappingEvent event = new StaleMappingEvent();
        if (event.shouldCommit()) {
            event.file = file;
            event.block = block;
            event.commit();
        }
    }
}
