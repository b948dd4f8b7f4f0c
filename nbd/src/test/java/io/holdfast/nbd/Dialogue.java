package io.holdfast.nbd;

import io.holdfast.fuzz.MemoryVolumes;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.Wire;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Builds the bytes that a client sends; big-endian, as the protocol is. */
final class Dialogue {
    static final byte[] EXPORT = MemoryVolumes.FILE.substring(1).getBytes(StandardCharsets.UTF_8);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static Dialogue begin() {
        return new Dialogue().u32(Wire.HANDSHAKE_FIXED_NEWSTYLE | Wire.HANDSHAKE_NO_ZEROES);
    }

    Dialogue u16(int value) {
        return bytes(ByteBuffer.allocate(2).putShort((short) value).array());
    }

    Dialogue u32(int value) {
        return bytes(ByteBuffer.allocate(4).putInt(value).array());
    }

    Dialogue u64(long value) {
        return bytes(ByteBuffer.allocate(8).putLong(value).array());
    }

    Dialogue bytes(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    Dialogue option(OptionType type, byte[] data) {
        return u64(Wire.OPTION_MAGIC).u32(type.code()).u32(data.length).bytes(data);
    }

    Dialogue option(OptionType type) {
        return option(type, new byte[0]);
    }

    /** INFO or GO, with requests for everything. */
    Dialogue infoOrGo(OptionType type) {
        Dialogue data = new Dialogue().u32(EXPORT.length).bytes(EXPORT).u16(2);
        return option(type, data.u16(Wire.INFO_NAME).u16(Wire.INFO_BLOCK_SIZE).done());
    }

    Dialogue metaContext(OptionType type) {
        byte[] query = Wire.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8);
        Dialogue data = new Dialogue().u32(EXPORT.length).bytes(EXPORT).u32(1);
        return option(type, data.u32(query.length).bytes(query).done());
    }

    /** A request without payload; the caller may add one. */
    Dialogue request(boolean extended, int flags, int type, long offset, long length) {
        u32(extended ? Wire.EXTENDED_REQUEST_MAGIC : Wire.REQUEST_MAGIC)
                .u16(flags)
                .u16(type);
        u64(out.size()).u64(offset);
        return extended ? u64(length) : u32((int) length);
    }

    /** One of each request, and those at the edges. */
    Dialogue requests(boolean extended) {
        int payload = extended ? Wire.FLAG_PAYLOAD_LEN : 0;
        request(extended, payload, 1, 4096, 8).u64(0x0102030405060708L);
        for (int type : new int[] {0, 3, 4, 5, 6, 7, 99}) {
            request(extended, 0, type, 4096, type == 3 ? 0 : 8192);
        }
        request(extended, Wire.FLAG_FUA | Wire.FLAG_NO_HOLE, 6, 100_000, 70_000);
        request(extended, Wire.FLAG_DF, 0, 0, MemoryVolumes.FILE_BYTES);
        request(extended, Wire.FLAG_REQ_ONE, 7, 0, MemoryVolumes.FILE_BYTES);
        request(extended, 0, 0, MemoryVolumes.FILE_BYTES - 1, 2);
        if (extended) {
            request(true, Wire.FLAG_PAYLOAD_LEN, 7, 0, 12).u64(5000).u32(Wire.BASE_ALLOCATION_ID);
        }
        return request(extended, 0, 2, 0, 0);
    }

    byte[] done() {
        return out.toByteArray();
    }
}
