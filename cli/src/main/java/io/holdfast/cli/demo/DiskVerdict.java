package io.holdfast.cli.demo;

import io.holdfast.cli.peer.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/** The contents of the disk after a crash, compared with the ledger. */
record DiskVerdict(long blocks, long unflushedLost, long flushedLost, long torn) {
    private static final int READ_BLOCKS = 256;

    /** Reads the whole disk over NBD. */
    static DiskVerdict read(Path socket, String export, Ledger ledger) throws IOException {
        Map<Ledger.Finding, Long> counts = new EnumMap<>(Ledger.Finding.class);
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BLOCKS * Pattern.BLOCK_BYTES);
        try (NbdClient client = NbdClient.connect(socket, export)) {
            if (!client.multiConnection()) {
                throw new DemoFailure("the server does not promise that a flush covers all connections");
            }
            for (int first = 0; first < ledger.blocks(); first += READ_BLOCKS) {
                client.read((long) first * Pattern.BLOCK_BYTES, buffer.clear());
                buffer.flip();
                for (int block = first; block < first + READ_BLOCKS; block++) {
                    counts.merge(ledger.judge(block, Pattern.version(buffer, block)), 1L, Long::sum);
                }
            }
        }
        return new DiskVerdict(
                ledger.blocks(),
                counts.getOrDefault(Ledger.Finding.UNFLUSHED_LOST, 0L),
                counts.getOrDefault(Ledger.Finding.FLUSHED_LOST, 0L),
                counts.getOrDefault(Ledger.Finding.TORN, 0L));
    }
}
