package io.holdfast.cli.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** What is on the disk after a crash, measured against the ledger. */
record DiskVerdict(long blocks, long unflushedLost, long flushedLost, long torn) {
    private static final int READ_BLOCKS = 256;

    /** Reads the whole disk over NBD. */
    static DiskVerdict read(Path socket, String export, Ledger ledger) throws IOException {
        long[] counts = new long[Ledger.Finding.values().length];
        ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BLOCKS * Pattern.BLOCK_BYTES);
        try (NbdClient client = NbdClient.connect(socket, export)) {
            if (!client.multiConnection()) {
                throw new DemoFailure("the server does not promise that a flush covers all connections");
            }
            for (int first = 0; first < ledger.blocks(); first += READ_BLOCKS) {
                client.read((long) first * Pattern.BLOCK_BYTES, buffer.clear());
                buffer.flip();
                for (int block = first; block < first + READ_BLOCKS; block++) {
                    counts[ledger.judge(block, Pattern.version(buffer, block)).ordinal()]++;
                }
            }
        }
        return new DiskVerdict(
                ledger.blocks(),
                counts[Ledger.Finding.UNFLUSHED_LOST.ordinal()],
                counts[Ledger.Finding.FLUSHED_LOST.ordinal()],
                counts[Ledger.Finding.TORN.ordinal()]);
    }
}
