package io.holdfast.bench.jmh;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.SealedBuffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Copying blocks into a private buffer with their checksums, sealing it, and giving it back. */
@State(Scope.Thread)
public class SealBench extends HotPath {
    @Param({"1", "16", "110"})
    public int blocks;

    private final Checksum checksum = Checksums.superblock();
    private BufferPool pool = new BufferPool(1, 1);
    private MemorySegment source = MemorySegment.NULL;

    @Setup
    public void setUp() {
        pool = new BufferPool(2, blocks);
        source = Arena.ofAuto().allocate(blocks * 4096L, 4096);
        MemorySegment.copy(MemorySegment.ofArray(Blocks.random(blocks)), 0, source, 0, blocks * 4096L);
    }

    @TearDown
    public void tearDown() {
        pool.close();
    }

    @Benchmark
    public long fillAndSeal() {
        BlockBuffer buffer = pool.take();
        long sum = 0;
        for (int i = 0; i < blocks; i++) {
            sum += buffer.fill(i, source, i * 4096L, checksum);
        }
        SealedBuffer sealed = buffer.seal(blocks);
        sealed.release();
        return sum;
    }
}
