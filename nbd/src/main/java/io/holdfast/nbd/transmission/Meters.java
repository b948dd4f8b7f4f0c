package io.holdfast.nbd.transmission;

import java.util.concurrent.atomic.LongAdder;

/** What all connections of a server count. */
public final class Meters {
    public final LongAdder requests = new LongAdder();
    public final LongAdder errors = new LongAdder();
    public final LongAdder bytesRead = new LongAdder();
    public final LongAdder bytesWritten = new LongAdder();
}
