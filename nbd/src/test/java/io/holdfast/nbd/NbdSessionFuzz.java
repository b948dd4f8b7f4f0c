package io.holdfast.nbd;

import io.holdfast.fuzz.FuzzTarget;
import io.holdfast.nbd.protocol.OptionType;
import java.util.List;

/** A whole NBD connection, from the client's first byte on. */
public final class NbdSessionFuzz implements FuzzTarget {
    private final FuzzServer server = new FuzzServer();

    public NbdSessionFuzz() throws Exception {}

    @Override
    public void run(byte[] input) throws Exception {
        server.serve(input, false);
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
        return List.of(
                Dialogue.begin()
                        .option(OptionType.LIST)
                        .infoOrGo(OptionType.INFO)
                        .option(OptionType.STARTTLS)
                        .option(OptionType.ABORT)
                        .done(),
                Dialogue.begin()
                        .option(OptionType.EXPORT_NAME, Dialogue.EXPORT)
                        .requests(false)
                        .done(),
                new Dialogue()
                        .u32(0)
                        .option(OptionType.EXPORT_NAME, Dialogue.EXPORT)
                        .done(),
                Dialogue.begin().infoOrGo(OptionType.GO).requests(false).done(),
                Dialogue.begin()
                        .option(OptionType.STRUCTURED_REPLY)
                        .metaContext(OptionType.LIST_META_CONTEXT)
                        .metaContext(OptionType.SET_META_CONTEXT)
                        .infoOrGo(OptionType.GO)
                        .requests(false)
                        .done(),
                Dialogue.begin()
                        .option(OptionType.EXTENDED_HEADERS)
                        .metaContext(OptionType.SET_META_CONTEXT)
                        .infoOrGo(OptionType.GO)
                        .requests(true)
                        .done());
    }
}
