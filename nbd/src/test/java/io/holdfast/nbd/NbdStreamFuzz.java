package io.holdfast.nbd;

import io.holdfast.fuzz.FuzzInput;
import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.nbd.TestClient.Mode;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Streams of requests, many of them wrong, whose payloads are requests themselves. The input chooses the requests.
 * {@link StreamModel} knows which of them a correct server executes; if the server executes or answers any other, that
 * is a finding.
 */
public final class NbdStreamFuzz implements FuzzTarget {
    /** Commands: all there are, and some that are not. */
    private static final int[] TYPES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 99, 65535, 1};

    private static final long[] LENGTHS = {
        0,
        1,
        12,
        28,
        32,
        511,
        512,
        4096,
        5000,
        8000,
        28 * 3 + 5,
        32 * 7,
        65536,
        70_000,
        (64 << 20) + 1,
        0xffff_ffffL,
        1L << 32,
        1L << 62,
        Long.MIN_VALUE,
        -1,
        -512
    };
    private static final int READ_ONLY = 0x80;

    private final StreamServer server = new StreamServer();

    public NbdStreamFuzz() throws Exception {}

    @Override
    public void run(byte[] bytes) throws Exception {
        FuzzInput input = new FuzzInput(bytes);
        int choice = input.u8();
        Mode mode = Mode.values()[(choice & ~READ_ONLY) % 3];
        boolean readOnly = (choice & READ_ONLY) != 0;
        StreamModel model = new StreamModel(mode, readOnly);
        while (input.hasMore() && model.room() > 0) {
            int type = TYPES[input.u8() % TYPES.length];
            int flags = input.u8();
            int place = input.u8();
            long length = LENGTHS[input.u8() % LENGTHS.length];
            // Half of the requests have no flag but PAYLOAD_LEN, so that more of them are served.
            add(model, type, flags < 0x80 ? flags & 1 << 5 : flags & 0x7f, place, length, mode);
        }
        server.serve(model, mode, readOnly);
    }

    private static void add(StreamModel model, int type, int flags, int place, long length, Mode mode) {
        long fits = mode == Mode.EXTENDED ? length : length & 0xffff_ffffL;
        int at = (place & 3) == 0 ? 0 : place;
        boolean beyond = place >= 0xe0 || Long.compareUnsigned(fits, StreamModel.SLOT - at) > 0;
        model.add(type, flags, beyond, at, fits);
    }

    @Override
    public long allocationMax() {
        return 64L << 20;
    }

    @Override
    public int shortRunInputs() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(seed(0), seed(1), seed(2), seed(READ_ONLY | 2));
    }

    private static byte[] seed(int choice) {
        ByteArrayOutputStream seed = new ByteArrayOutputStream();
        seed.write(choice);
        for (int i = 0; i < StreamModel.SLOTS; i++) {
            seed.writeBytes(
                    new byte[] {(byte) (i == 2 ? 1 : i % 11), (byte) (i % 3 * 32), (byte) (i * 9), (byte) (i % 13)});
        }
        return seed.toByteArray();
    }
}
