package io.holdfast.cli.demo;

import io.holdfast.cli.peer.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/**
 * Writes and zeroes random blocks of its part of a disk over one NBD connection, several at a time, until the server is
 * gone.
 */
final class NbdWriter implements Runnable {
    private static final int RUN_BLOCKS = 4;
    private static final int BATCH = 8;
    private static final int BATCHES_BETWEEN_FLUSHES = 4;

    private final Path socket;
    private final String export;
    private final Ledger ledger;
    private final int firstBlock;
    private final int slots;
    private final Random random;
    private volatile boolean stop;

    NbdWriter(Path socket, String export, Ledger ledger, int firstBlock, int blocks, long seed) {
        this.socket = socket;
        this.export = export;
        this.ledger = ledger;
        this.firstBlock = firstBlock;
        this.slots = blocks / RUN_BLOCKS;
        this.random = new Random(seed);
    }

    void stop() {
        stop = true;
    }

    @Override
    public void run() {
        try (NbdClient client = NbdClient.connect(socket, export)) {
            for (int batches = 1; !stop; batches++) {
                writeBatch(client);
                if (batches % BATCHES_BETWEEN_FLUSHES == 0) {
                    int[] covered = ledger.beforeFlush();
                    client.flush();
                    ledger.afterFlush(covered);
                }
            }
        } catch (IOException serverKilled) {
            // What the server has not acknowledged by now it has not promised.
            stop = true;
        }
    }

    /** Writes {@link #BATCH} different runs of blocks, all in flight together. */
    private void writeBatch(NbdClient client) throws IOException {
        int start = random.nextInt(slots);
        int step = 1 + random.nextInt(slots / BATCH - 1);
        for (int i = 0; i < BATCH; i++) {
            sendNext(client, block(start, step, i));
        }
        client.awaitReplies(BATCH);
        for (int i = 0; i < BATCH; i++) {
            for (int b = 0; b < RUN_BLOCKS; b++) {
                ledger.acknowledge(block(start, step, i) + b);
            }
        }
    }

    /** Sends the next version of a run; all blocks of a run have the same version. */
    private void sendNext(NbdClient client, int first) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(RUN_BLOCKS * Pattern.BLOCK_BYTES);
        int version = 0;
        for (int b = 0; b < RUN_BLOCKS; b++) {
            version = ledger.issue(first + b);
            Pattern.put(data, first + b, version);
        }
        long offset = (long) first * Pattern.BLOCK_BYTES;
        if (!Ledger.zeroes(version)) {
            client.sendWrite(offset, data.flip());
        } else if (version / Ledger.ZEROES_EVERY % 2 == 0) {
            client.sendTrim(offset, data.capacity());
        } else {
            client.sendZeroes(offset, data.capacity());
        }
    }

    private int block(int start, int step, int i) {
        return firstBlock + (start + i * step) % slots * RUN_BLOCKS;
    }
}
