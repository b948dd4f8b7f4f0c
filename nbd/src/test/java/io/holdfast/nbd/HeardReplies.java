package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Wire;
import java.nio.ByteBuffer;

/**
 * The bytes that a client received in a connection, parsed as a client would: greeting, option replies, chunks. A
 * simple reply carries no length, so parsing ends at the first one.
 */
final class HeardReplies {
    private static final int OPTION_REPLY_MAX = 16 << 10;

    private final int clientFlags;
    private final ByteBuffer heard;
    /** The client left in the middle of a message. */
    private final boolean cut;

    private boolean structured;
    private boolean extended;

    HeardReplies(byte[] said, byte[] heard, boolean cut) {
        this.clientFlags = said.length < 4 ? 0 : ByteBuffer.wrap(said).getInt();
        this.heard = ByteBuffer.wrap(heard);
        this.cut = cut;
    }

    void verify() {
        assertThat(heard.getLong()).isEqualTo(Wire.NBD_MAGIC);
        assertThat(heard.getLong()).isEqualTo(Wire.OPTION_MAGIC);
        heard.getShort();
        while (heard.hasRemaining()) {
            if (needs(8) && heard.getLong(heard.position()) == Wire.OPTION_REPLY_MAGIC) {
                if (option()) {
                    transmission();
                    return;
                }
            } else {
                if (needs(exportNameBytes())) {
                    heard.position(heard.position() + exportNameBytes());
                    transmission();
                }
                return;
            }
        }
    }

    /** Consumes an option reply; returns whether transmission follows. */
    private boolean option() {
        if (!needs(20)) {
            return false;
        }
        heard.getLong();
        int option = heard.getInt();
        int type = heard.getInt();
        int length = heard.getInt();
        assertThat(length).isBetween(0, OPTION_REPLY_MAX);
        if (!needs(length)) {
            return false;
        }
        heard.position(heard.position() + length);
        boolean acknowledged = type == OptionReply.ACK.code();
        structured |= acknowledged && option == OptionType.STRUCTURED_REPLY.code();
        extended |= acknowledged && option == OptionType.EXTENDED_HEADERS.code();
        return acknowledged && option == OptionType.GO.code();
    }

    private int exportNameBytes() {
        return 10 + ((clientFlags & Wire.HANDSHAKE_NO_ZEROES) == 0 ? 124 : 0);
    }

    private void transmission() {
        ReplyFormat format = extended ? ReplyFormat.EXTENDED : structured ? ReplyFormat.STRUCTURED : ReplyFormat.SIMPLE;
        while (heard.hasRemaining()) {
            if (format == ReplyFormat.SIMPLE) {
                if (needs(16)) {
                    assertThat(heard.getInt()).isEqualTo(Wire.SIMPLE_REPLY_MAGIC);
                }
                return;
            }
            if (!needs(extended ? 32 : 20)) {
                return;
            }
            int magic = heard.getInt();
            assertThat(magic).isEqualTo(extended ? Wire.EXTENDED_REPLY_MAGIC : Wire.STRUCTURED_REPLY_MAGIC);
            int flags = heard.getShort();
            assertThat(flags & ~Wire.REPLY_FLAG_DONE).isZero();
            int type = Short.toUnsignedInt(heard.getShort());
            heard.getLong();
            if (extended) {
                heard.getLong();
            }
            long length = extended ? heard.getLong() : Integer.toUnsignedLong(heard.getInt());
            assertThat(length).isBetween(0L, Wire.PAYLOAD_MAX + 8L);
            assertThat(type)
                    .isIn(
                            Wire.CHUNK_NONE,
                            Wire.CHUNK_OFFSET_DATA,
                            Wire.CHUNK_OFFSET_HOLE,
                            Wire.CHUNK_BLOCK_STATUS,
                            Wire.CHUNK_BLOCK_STATUS_EXT,
                            Wire.CHUNK_ERROR,
                            Wire.CHUNK_ERROR_OFFSET);
            if (!needs((int) length)) {
                return;
            }
            heard.position(heard.position() + (int) length);
        }
    }

    /** Returns whether that many bytes are left; fewer are right only if the client has left. */
    private boolean needs(int bytes) {
        assertThat(cut || heard.remaining() >= bytes).as("a whole reply").isTrue();
        return heard.remaining() >= bytes;
    }
}
