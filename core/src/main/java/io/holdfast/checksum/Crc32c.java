package io.holdfast.checksum;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli), RFC 3720 appendix B.4, with the processor's own instruction. */
public final class Crc32c implements Checksum {
    public static final int ID = 1;

    @Override
    public long of(MemorySegment bytes, long offset, long length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.asSlice(offset, length).asByteBuffer());
        return crc.getValue();
    }

    @Override
    public void ofBlocks(MemorySegment bytes, int blockBytes, long[] sums) {
        ByteBuffer buffer = bytes.asByteBuffer();
        CRC32C crc = new CRC32C();
        for (int i = 0; i < sums.length; i++) {
            crc.reset();
            crc.update(buffer.limit((i + 1) * blockBytes));
            sums[i] = crc.getValue();
        }
    }

    @Override
    public int id() {
        return ID;
    }
}
