package io.holdfast.volume;

/** A kind of background work. A volume has at most one job of a kind. */
public enum JobKind {
    /** Frees the space of removed files, and of what was cut off files. There is one as long as the volume can be written to. */
    REAP("reap"),
    /** Reads and verifies the volume. */
    CHECK("check");

    private final String label;

    JobKind(String label) {
        this.label = label;
    }

    /** Returns the name for people and programs. */
    public String label() {
        return label;
    }
}
