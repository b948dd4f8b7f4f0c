package io.holdfast.volume;

/** Whether free space of a volume is given back to what the volume lies on, while the volume is open for writing. */
public enum Discard {
    /** As {@link #ASYNC}, and as {@link #OFF} for a volume that was formatted to have its room beforehand ({@link FormatOptions}). */
    AUTO,
    /** In the background: some time after a block has become free, if nothing took it again. A volume that has its room beforehand does not open. */
    ASYNC,
    /** Only by {@link Volume#trim}. */
    OFF
}
