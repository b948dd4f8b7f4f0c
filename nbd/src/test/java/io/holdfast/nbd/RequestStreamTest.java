package io.holdfast.nbd;

import io.holdfast.nbd.TestClient.Mode;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** No byte of a payload is ever taken for a request, for any request, served or refused. */
class RequestStreamTest {
    private static final int[] TYPES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 65535};
    private static final int[] FLAGS = {0, 1, 2, 4, 8, 16, 32, 33, 36, 40, 48, 64, 96, 0x8000, 0x8020};
    private static final long[] LENGTHS = {0, 12, 32, 4096};
    private static final long[] TOO_LONG = {1 << 20, (64 << 20) + 1, 0x7fff_ffffL, 0xffff_ffffL};
    private static final long[] TOO_LONG_EXTENDED = {1L << 32, 1L << 62, Long.MIN_VALUE, -1, -32, -4096};

    private final StreamServer server = new StreamServer();

    RequestStreamTest() throws Exception {}

    @ParameterizedTest
    @CsvSource({"SIMPLE,false", "STRUCTURED,false", "EXTENDED,false", "STRUCTURED,true", "EXTENDED,true"})
    void everyCommandWithEveryFlag(Mode mode, boolean readOnly) throws Exception {
        StreamModel model = new StreamModel(mode, readOnly);
        for (int type : TYPES) {
            for (int flags : FLAGS) {
                for (long length : LENGTHS) {
                    model = servedIfComplete(model, mode, readOnly);
                    model.add(type, flags, false, 0, length);
                    model.add(type, flags, true, 0, length);
                }
            }
        }
        model.add(0, 0, false, 0, 512);
        server.serve(model, mode, readOnly);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyLengthThatIsTooLong(Mode mode) throws Exception {
        LongStream lengths = Arrays.stream(TOO_LONG);
        if (mode == Mode.EXTENDED) {
            lengths = LongStream.concat(lengths, Arrays.stream(TOO_LONG_EXTENDED));
        }
        StreamModel model = new StreamModel(mode, false);
        for (long length : lengths.toArray()) {
            for (int type : TYPES) {
                for (int flags : new int[] {0, 1 << 5}) {
                    model = servedIfComplete(model, mode, false);
                    model.add(type, flags, true, 0, length);
                }
            }
        }
        model.add(0, 0, false, 0, 512);
        server.serve(model, mode, false);
    }

    /** Returns the stream, or, if it has ended or is full, serves it and returns a new one. */
    private StreamModel servedIfComplete(StreamModel model, Mode mode, boolean readOnly) throws Exception {
        if (!model.ended() && model.room() >= 4) {
            return model;
        }
        // The server must not execute this request if the stream has ended, and must execute it if not.
        model.add(1, 0, false, 0, 512);
        model.add(0, 0, false, 0, 512);
        server.serve(model, mode, readOnly);
        return new StreamModel(mode, readOnly);
    }

    /** What QEMU 8.2 and later send: extended headers, and a write without the flag PAYLOAD_LEN. */
    @Test
    void anExtendedWriteWithoutTheFlagIsAWrite() throws Exception {
        StreamModel model = new StreamModel(Mode.EXTENDED, false);
        for (long length : new long[] {1, 512, 4096, 8192}) {
            model.add(1, 0, false, 0, length);
            model.add(1, 1, false, 0, length);
        }
        server.serve(model, Mode.EXTENDED, false);
    }
}
