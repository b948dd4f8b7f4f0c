package io.holdfast.nbd.transmission;

import java.util.concurrent.atomic.LongAdder;

/** Counters that all connections of a server share. */
public final class Meters {
    public final LongAdder requests = new LongAdder();
    public final LongAdder errors = new LongAdder();
    public final LongAdder bytesRead = new LongAdder();
    public final LongAdder bytesWritten = new LongAdder();
}
