package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Request;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one client has asked for, without what was refused at once. The thread that reads its requests counts, without a lock or a contended write; others
 * look.
 */
final class Traffic {
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong bytesRead = new AtomicLong();
    private final AtomicLong bytesWritten = new AtomicLong();

    void count(CommandType type, Request request) {
        requests.setOpaque(requests.getPlain() + 1);
        if (type == CommandType.READ) {
            bytesRead.setOpaque(bytesRead.getPlain() + request.length());
        } else if (type == CommandType.WRITE) {
            bytesWritten.setOpaque(bytesWritten.getPlain() + request.length());
        }
    }

    /** Returns the bytes that a request moves to or from the client or, as a hint to cache, from the device; it has passed its check. */
    static long bytes(Request request) {
        return switch (CommandType.of(request.type()).orElseThrow()) {
            case READ, WRITE -> request.length();
            case CACHE -> Math.min(request.length(), RangeCommands.CACHE_MAX);
            case DISC, FLUSH, TRIM, WRITE_ZEROES, BLOCK_STATUS -> 0;
        };
    }

    long requests() {
        return requests.getOpaque();
    }

    long bytesRead() {
        return bytesRead.getOpaque();
    }

    long bytesWritten() {
        return bytesWritten.getOpaque();
    }
}
