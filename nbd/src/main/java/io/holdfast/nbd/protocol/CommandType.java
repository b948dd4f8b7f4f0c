package io.holdfast.nbd.protocol;

import java.util.Optional;

/** The requests of the transmission phase, and the flags that each may carry (section «Request types»). */
public enum CommandType {
    READ(0, Wire.FLAG_FUA | Wire.FLAG_DF),
    WRITE(1, Wire.FLAG_FUA | Wire.FLAG_PAYLOAD_LEN),
    DISC(2, Wire.FLAG_FUA),
    FLUSH(3, Wire.FLAG_FUA),
    TRIM(4, Wire.FLAG_FUA),
    CACHE(5, Wire.FLAG_FUA),
    WRITE_ZEROES(6, Wire.FLAG_FUA | Wire.FLAG_NO_HOLE | Wire.FLAG_FAST_ZERO),
    BLOCK_STATUS(7, Wire.FLAG_FUA | Wire.FLAG_REQ_ONE | Wire.FLAG_PAYLOAD_LEN);

    private static final CommandType[] BY_CODE = values();

    private final int code;
    private final int flags;

    CommandType(int code, int flags) {
        this.code = code;
        this.flags = flags;
    }

    public int code() {
        return code;
    }

    /** Returns whether every bit of {@code requested} is documented for this command. */
    public boolean allows(int requested) {
        return (requested & ~flags) == 0;
    }

    /** Returns whether the command changes the export. */
    public boolean writes() {
        return switch (this) {
            case WRITE, TRIM, WRITE_ZEROES -> true;
            case READ, DISC, FLUSH, CACHE, BLOCK_STATUS -> false;
        };
    }

    public static Optional<CommandType> of(int code) {
        return code < BY_CODE.length ? Optional.of(BY_CODE[code]) : Optional.empty();
    }
}
