package io.holdfast.device;

/** Called around every I/O of a {@link FaultDevice}, on the thread that does it and with no lock held. */
public interface IoHook {
    enum Operation {
        READ,
        WRITE,
        FLUSH
    }

    IoHook NONE = new IoHook() {};

    /** Before the I/O has any effect; a flush has block 0 and 0 blocks. May block. */
    default void before(Operation operation, long block, long blocks) {}

    /** After the I/O has taken effect or failed, before the caller learns of it. May block. */
    default void after(Operation operation, long block, long blocks) {}
}
