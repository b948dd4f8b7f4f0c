package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;

/** A device that an empty volume is to be written to, before anything else uses it. */
public interface FormattableDevice extends Device {
    /**
     * Sets how many bytes the volume gets, and makes the device larger if it can grow and is shorter; nothing is cut off. On
     * return the new size is durable, and {@link #blocks} is that of the volume.
     *
     * <p>This implementation is for devices of a fixed size, which give a volume all they have.
     *
     * @param bytes whole blocks; 0 takes what is there
     * @throws HoldfastException {@code INVALID} if the device has not so many and cannot grow
     */
    default void resize(long bytes) throws HoldfastException {
        if (bytes != 0 && bytes != bytes()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s has %d bytes and takes volumes of no other size, not of %d".formatted(name(), bytes(), bytes));
        }
    }

    /** Returns the size in bytes; it need not be whole blocks. */
    default long bytes() throws HoldfastException {
        return blocks() * Block.SIZE;
    }

    /**
     * Reads bytes, also those behind the last whole block.
     *
     * @param position a multiple of {@link Block#SIZE}
     * @param target whole blocks, aligned like the memory of {@link #read}
     * @return the count, which is less than {@code target} has only at the end of the device
     */
    default int readBytes(long position, MemorySegment target) throws HoldfastException {
        long count = Math.min(target.byteSize(), Math.max(0, bytes() - position));
        if (count > 0) {
            read(position / Block.SIZE, target.asSlice(0, count));
        }
        return (int) count;
    }
}
