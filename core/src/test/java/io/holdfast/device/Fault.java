package io.holdfast.device;

/** What a {@link FaultDevice} does wrong with one I/O. */
public sealed interface Fault {
    /** The I/O fails with {@code DEVICE_ERROR} and does nothing. A failed flush latches. */
    record Fail() implements Fault {}

    /** A transfer does its first {@code blocks} blocks and then fails with {@code DEVICE_ERROR}. */
    record Short(int blocks) implements Fault {}

    /** A write or flush reports success and does nothing: a lost write, a flush that lies. */
    record Lie() implements Fault {}

    /** A transfer happens {@code distance} blocks further, and reports success. */
    record Misdirect(long distance) implements Fault {}
}
