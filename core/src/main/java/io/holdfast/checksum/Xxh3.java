package io.holdfast.checksum;

import com.dynatrace.hash4j.hashing.ByteAccess;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/** XXH3 with 64 bits and seed 0, as the xxHash specification 0.8 fixes it. */
public final class Xxh3 implements Checksum {
    public static final int ID = 2;

    private static final Hasher64 HASHER = Hashing.xxh3_64();

    @Override
    public long of(MemorySegment bytes, long offset, long length) {
        Objects.checkFromIndexSize(offset, length, bytes.byteSize());
        return HASHER.hashBytesToLong(bytes, offset, length, SegmentAccess.INSTANCE);
    }

    @Override
    public int id() {
        return ID;
    }

    private enum SegmentAccess implements ByteAccess<MemorySegment> {
        INSTANCE;

        private static final ValueLayout.OfLong LONG =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        @Override
        public byte getByte(MemorySegment data, long index) {
            return data.get(ValueLayout.JAVA_BYTE, index);
        }

        @Override
        public int getInt(MemorySegment data, long index) {
            return data.get(INT, index);
        }

        @Override
        public long getLong(MemorySegment data, long index) {
            return data.get(LONG, index);
        }
    }
}
