package io.holdfast.nbd.protocol;

/**
 * The numbers of the NBD protocol (proto.md, sections «Protocol phases» and «Values»; those of extended headers from
 * the branch extension-ext-header).
 */
public final class Wire {
    /** First word of the greeting: the text «NBDMAGIC». */
    public static final long NBD_MAGIC = 0x4e42444d41474943L;
    /** Second word of the greeting and first of every option: the text «IHAVEOPT». */
    public static final long OPTION_MAGIC = 0x49484156454F5054L;

    public static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    public static final int REQUEST_MAGIC = 0x25609513;
    public static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    public static final int EXTENDED_REPLY_MAGIC = 0x6e8a278c;

    public static final int HANDSHAKE_FIXED_NEWSTYLE = 1;
    public static final int HANDSHAKE_NO_ZEROES = 1 << 1;

    public static final int TRANSMIT_HAS_FLAGS = 1;
    public static final int TRANSMIT_READ_ONLY = 1 << 1;
    public static final int TRANSMIT_SEND_FLUSH = 1 << 2;
    public static final int TRANSMIT_SEND_FUA = 1 << 3;
    public static final int TRANSMIT_SEND_TRIM = 1 << 5;
    public static final int TRANSMIT_SEND_WRITE_ZEROES = 1 << 6;
    public static final int TRANSMIT_SEND_DF = 1 << 7;
    public static final int TRANSMIT_CAN_MULTI_CONN = 1 << 8;
    public static final int TRANSMIT_SEND_CACHE = 1 << 10;
    public static final int TRANSMIT_SEND_FAST_ZERO = 1 << 11;
    public static final int TRANSMIT_BLOCK_STATUS_PAYLOAD = 1 << 12;

    public static final int FLAG_FUA = 1;
    public static final int FLAG_NO_HOLE = 1 << 1;
    public static final int FLAG_DF = 1 << 2;
    public static final int FLAG_REQ_ONE = 1 << 3;
    public static final int FLAG_FAST_ZERO = 1 << 4;
    public static final int FLAG_PAYLOAD_LEN = 1 << 5;

    public static final int REPLY_FLAG_DONE = 1;
    public static final int CHUNK_NONE = 0;
    public static final int CHUNK_OFFSET_DATA = 1;
    public static final int CHUNK_OFFSET_HOLE = 2;
    public static final int CHUNK_BLOCK_STATUS = 5;
    public static final int CHUNK_BLOCK_STATUS_EXT = 6;
    public static final int CHUNK_ERROR = 0x8001;
    public static final int CHUNK_ERROR_OFFSET = 0x8002;

    public static final int INFO_EXPORT = 0;
    public static final int INFO_NAME = 1;
    public static final int INFO_BLOCK_SIZE = 3;

    public static final int STATE_HOLE = 1;
    public static final int STATE_ZERO = 1 << 1;

    /** The only metadata context there is. */
    public static final String BASE_ALLOCATION = "base:allocation";

    /** The number under which replies carry {@link #BASE_ALLOCATION}. */
    public static final int BASE_ALLOCATION_ID = 1;

    /** The longest string of the protocol (section «Values»), in bytes of UTF-8. */
    public static final int STRING_MAX = 4096;

    /** The largest payload of a read or write that is served, announced as maximum payload size. */
    public static final int PAYLOAD_MAX = 64 << 20;

    /**
     * The server skips the payload of a refused request up to this length: the largest that a compact header can
     * announce.
     */
    public static final long DRAINED_MAX = 0xffff_ffffL;

    private Wire() {}
}
