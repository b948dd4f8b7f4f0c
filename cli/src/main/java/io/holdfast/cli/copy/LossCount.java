package io.holdfast.cli.copy;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what a copy could not read, in ascending order. Bad blocks side by side become one range. Keeps the first {@link
 * Losses#LISTED_MAX} ranges and counts the rest, so a ruined file does not fill the memory.
 */
final class LossCount {
    private final List<Loss> listed = new ArrayList<>();
    private @Nullable Loss last;
    private boolean lastWhole;
    private long ranges;
    private long bytes;

    /** Adds a block that cannot be read. */
    void block(long offset, long length, String why) {
        Loss before = last;
        if (before != null && !lastWhole && before.offset() + before.length() == offset) {
            last = new Loss(before.offset(), before.length() + length, before.why());
            bytes += length;
        } else {
            begin(offset, length, why, false);
        }
    }

    /** Adds a range of which the file's map does not say what it has. */
    void range(long offset, long length, String why) {
        begin(offset, length, why, true);
    }

    private void begin(long offset, long length, String why, boolean whole) {
        end();
        last = new Loss(offset, length, why);
        lastWhole = whole;
        bytes += length;
    }

    private void end() {
        if (last != null) {
            ranges++;
            if (listed.size() < Losses.LISTED_MAX) {
                listed.add(last);
            }
            last = null;
        }
    }

    /** Returns all of it; nothing may be added afterwards. */
    Losses result() {
        end();
        return new Losses(List.copyOf(listed), ranges, bytes);
    }
}
