package io.holdfast.nbd.transmission;

import java.util.concurrent.atomic.LongAdder;

/** Counters that all connections of an export share. */
final class ExportMeter {
    final LongAdder errors = new LongAdder();
    final LongAdder bytesRead = new LongAdder();
    final LongAdder bytesWritten = new LongAdder();
    private final LongAdder[] requests;

    ExportMeter(int operations) {
        requests = new LongAdder[operations];
        for (int i = 0; i < operations; i++) {
            requests[i] = new LongAdder();
        }
    }

    void received(int type) {
        requests[Meters.operation(type)].increment();
    }

    long requests(int operation) {
        return requests[operation].sum();
    }
}
