package io.holdfast.nbd;

import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.nbd.protocol.OptionType;
import java.util.Arrays;
import java.util.List;

/**
 * The requests of an NBD client behind a negotiation that went well. The first byte of the input chooses the format of
 * replies (modulo 3: simple, structured, extended) and, with bit 7, a read-only export.
 */
public final class NbdCommandFuzz implements FuzzTarget {
    private static final int READ_ONLY = 0x80;

    private final FuzzServer server = new FuzzServer();

    public NbdCommandFuzz() throws Exception {}

    @Override
    public void run(byte[] input) throws Exception {
        int mode = input.length == 0 ? 0 : input[0] & 0xff;
        Dialogue dialogue = Dialogue.begin();
        switch ((mode & ~READ_ONLY) % 3) {
            case 0 -> {}
            case 1 -> dialogue.option(OptionType.STRUCTURED_REPLY).metaContext(OptionType.SET_META_CONTEXT);
            default -> dialogue.option(OptionType.EXTENDED_HEADERS).metaContext(OptionType.SET_META_CONTEXT);
        }
        byte[] requests = Arrays.copyOfRange(input, Math.min(1, input.length), input.length);
        server.serve(dialogue.infoOrGo(OptionType.GO).bytes(requests).done(), (mode & READ_ONLY) != 0);
    }

    @Override
    public long allocationMax() {
        return 64L << 20;
    }

    @Override
    public int shortRunInputs() {
        return 2000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(seed(0, false), seed(1, false), seed(2, true), seed(READ_ONLY | 1, false));
    }

    private static byte[] seed(int mode, boolean extended) {
        return new Dialogue().bytes(new byte[] {(byte) mode}).requests(extended).done();
    }
}
