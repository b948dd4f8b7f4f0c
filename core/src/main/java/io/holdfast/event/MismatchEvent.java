package io.holdfast.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** A block that was not what it should be. */
@Name("holdfast.Mismatch")
@Label("Bad Block")
@Category("Holdfast")
@Description("A block did not match its checksum or could not be read, and was bad the second time, too")
@SuppressWarnings("UnusedVariable") // the recording reads the fields
public final class MismatchEvent extends Event {
    @Label("Kind")
    private String kind = "";

    @Label("Block of the Device")
    private long block;

    @Label("Read Error")
    @Description("The device reported an error; else the checksum did not match")
    private boolean unreadable;

    /** Makes the event, if somebody records it. */
    public static void emit(String kind, long block, boolean unreadable) {
        MismatchEvent event = new MismatchEvent();
        if (event.shouldCommit()) {
            event.kind = kind;
            event.block = block;
            event.unreadable = unreadable;
            event.commit();
        }
    }
}
