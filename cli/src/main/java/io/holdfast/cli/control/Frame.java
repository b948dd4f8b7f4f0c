package io.holdfast.cli.control;

import java.nio.ByteBuffer;

/**
 * The unit of the control protocol, in both directions.
 *
 * <pre>
 *  0        4            8            12
 *  +--------+------------+------------+----------------+-------------+
 *  | "HFC1" | json bytes | data bytes | JSON (UTF-8)   | raw data    |
 *  +--------+------------+------------+----------------+-------------+
 *    big-endian, unsigned; bounded by {@link #JSON_BYTES_MAX} and {@link #DATA_BYTES_MAX}
 * </pre>
 *
 * @param json UTF-8
 * @param data from its position to its limit; the receiver may keep it
 */
record Frame(byte[] json, ByteBuffer data) {
    static final int MAGIC = 0x48464331;
    static final int HEADER_BYTES = 12;
    static final int JSON_BYTES_MAX = 1 << 20;
    static final int DATA_BYTES_MAX = 1 << 20;
    static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);
}
