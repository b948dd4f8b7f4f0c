package io.holdfast.file;

import java.util.concurrent.atomic.LongAdder;

/** Counts of the file layer since the volume was opened. */
public final class IoCounters {
    public final LongAdder stableCopies = new LongAdder();
    public final LongAdder zeroCopyBlocks = new LongAdder();
    public final LongAdder cacheHits = new LongAdder();
    public final LongAdder cacheMisses = new LongAdder();
    public final LongAdder checksumErrors = new LongAdder();
}
