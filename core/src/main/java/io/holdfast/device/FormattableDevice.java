package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;

/** A device on which an empty volume is to be written. Nothing else uses it yet. */
public interface FormattableDevice extends Device {
    /**
     * Sets how many bytes the volume gets. Makes the device larger if it is shorter and can grow. Cuts nothing off. On
     * return the new size is durable, and {@link #blocks} is that of the volume.
     *
     * <p>This implementation is for a device of a fixed size, which gives a volume all it has and refuses every other
     * size.
     *
     * @param bytes whole blocks; 0 takes what is there
     * @throws HoldfastException {@code INVALID} if the device has fewer and cannot grow
     */
    default void resize(long bytes) throws HoldfastException {
        if (bytes != 0 && bytes != bytes()) {
            throw new HoldfastException(
                    ErrorCode.INVALID,
                    "%s has %s, and a volume on it must have all of that, not %s"
                            .formatted(name(), SizeText.exact(bytes()), SizeText.exact(bytes)));
        }
    }

    /**
     * Returns the size in bytes. If that may be other than whole blocks, the device has a {@link #readBytes} of its
     * own, too.
     */
    default long bytes() throws HoldfastException {
        return blocks() * Block.SIZE;
    }

    /**
     * Reads bytes, also those behind the last whole block.
     *
     * @param position a multiple of {@link Block#SIZE}
     * @param target whole blocks, in memory as {@link #read} wants it
     * @return how many bytes were read; fewer than {@code target} has only at the end of the device
     */
    default int readBytes(long position, MemorySegment target) throws HoldfastException {
        long count = Math.min(target.byteSize(), Math.max(0, bytes() - position));
        if (count > 0) {
            read(position / Block.SIZE, target.asSlice(0, count));
        }
        return (int) count;
    }
}
