package io.holdfast.volume;

/** A kind of background work. A volume has at most one job of a kind. */
public enum JobKind {
    /** Frees the space of removed files, and of what was cut off files. There is one as long as the volume can be written to. */
    REAP("reap", true),
    /** Gives free space back to what the volume lies on. There is one as long as that is done in the background. */
    DISCARD("discard", true),
    /** Gives all free space back to what the volume lies on. */
    TRIM("trim", false),
    /** Reads and verifies the volume. */
    CHECK("check", false);

    private final String label;
    private final boolean standing;

    JobKind(String label, boolean standing) {
        this.label = label;
        this.standing = standing;
    }

    /** Returns whether there is such a job as long as the volume is open: it can be paused, and not cancelled. */
    public boolean isStanding() {
        return standing;
    }

    /** Returns the name for people and programs. */
    public String label() {
        return label;
    }
}
