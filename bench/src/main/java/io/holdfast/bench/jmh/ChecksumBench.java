package io.holdfast.bench.jmh;

import io.holdfast.checksum.Checksum;
import io.holdfast.checksum.Checksums;
import io.holdfast.error.HoldfastException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The checksum of one block in native memory, and of a map node in an array. */
@State(Scope.Thread)
public class ChecksumBench extends HotPath {
    /** The algorithm's number in the superblock: 1 is CRC-32C, 2 is XXH3. */
    @Param({"1", "2"})
    public int algorithm;

    private Checksum checksum = Checksums.superblock();
    private MemorySegment block = MemorySegment.NULL;
    private byte[] node = new byte[0];

    @Setup
    public void setUp() throws HoldfastException {
        checksum = Checksums.byId(algorithm);
        block = Arena.ofAuto().allocate(4096, 4096);
        node = Blocks.random(1);
        MemorySegment.copy(MemorySegment.ofArray(node), 0, block, 0, 4096);
    }

    @Benchmark
    public long block() {
        return checksum.of(block, 0, 4096);
    }

    @Benchmark
    public long node() {
        return checksum.of(node);
    }
}
