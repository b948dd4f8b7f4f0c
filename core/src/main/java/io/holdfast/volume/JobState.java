package io.holdfast.volume;

/** What a job does now. */
public enum JobState {
    /** It goes on, as fast as its rate and the clients let it. */
    RUNNING("running"),
    /** Somebody has paused it. It reads and writes nothing until it is resumed, or its space is needed. */
    PAUSED("paused"),
    /** It has nothing to do, or waits for room on the host. */
    WAITING("waiting");

    private final String label;

    JobState(String label) {
        this.label = label;
    }

    /** Returns the name for people and programs. */
    public String label() {
        return label;
    }
}
