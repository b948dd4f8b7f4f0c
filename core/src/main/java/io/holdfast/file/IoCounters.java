package io.holdfast.file;

import io.holdfast.concurrent.Latencies;
import java.util.concurrent.atomic.LongAdder;

/** Counts of the file layer since the volume was opened. */
public final class IoCounters {
    public final LongAdder stableCopies = new LongAdder();
    public final LongAdder zeroCopyBlocks = new LongAdder();
    public final LongAdder cacheHits = new LongAdder();
    public final LongAdder cacheMisses = new LongAdder();
    public final LongAdder checksumErrors = new LongAdder();
    /** Blocks that were read again since their mapping had changed. */
    public final LongAdder staleMappings = new LongAdder();
    /** Queued reads that did not succeed as such. */
    public final LongAdder fallbacks = new LongAdder();
    /** How long writers wrote back themselves. */
    public final Latencies throttled = new Latencies();
}
