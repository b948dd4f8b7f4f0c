package io.holdfast.nbd.transmission;

import io.holdfast.door.Lease;
import io.holdfast.door.Slice;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Splits the data of a read into content chunks. Long runs of zeroes become hole chunks, which carry no data (section
 * «Structured reply types», NBD_REPLY_TYPE_OFFSET_HOLE).
 *
 * <p>This looks for zeroes in the data, not for holes in the file's map. So the reply always says exactly what the data
 * says, even when others write at the same time, and a read needs no extra lookup. A block that is not zero usually
 * costs a comparison of one word.
 */
final class Contents {
    /** A shorter run of zeroes among data is sent as data: a hole would cost two more chunks. */
    static final int HOLE_MIN = 32 << 10;

    private static final MemorySegment ZEROES = MemorySegment.ofArray(new byte[Volume.BLOCK_SIZE]);
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Job job;
    private final Lease lease;
    private final long base;
    private final boolean last;
    private final List<Reply> replies = new ArrayList<>();

    /** How many bytes of the lease are in {@code replies} so far. */
    private int told;

    private Contents(Job job, Lease lease, long base, boolean last) {
        this.job = job;
        this.lease = lease;
        this.base = base;
        this.last = last;
    }

    /** Quick test: true if the lease certainly has no hole, as for most short reads. False means «unknown». */
    static boolean isOneChunkOfData(Lease lease) {
        return lease.length() >= Long.BYTES
                && lease.length() <= HOLE_MIN
                && lease.segment(0).get(WORD, 0) != 0;
    }

    /**
     * Returns the chunks, in order, for a lease that holds the export's data from offset {@code base} on.
     *
     * @param last nothing else of the request follows
     */
    static List<Reply> of(Job job, Lease lease, long base, boolean last) {
        Contents contents = new Contents(job, lease, base, last);
        contents.findHoles(job.request().has(Wire.FLAG_DF));
        if (contents.told < lease.length()) {
            contents.addData(lease.length());
        }
        return contents.replies;
    }

    /** Adds a hole for each long enough run of zero blocks; an unfragmented reply is one hole if all of it is zero. */
    private void findHoles(boolean unfragmented) {
        int length = lease.length();
        int holeMin = unfragmented ? length : Math.min(length, HOLE_MIN);
        int start = 0;
        int at = 0;
        while (at < length) {
            int next = nextBoundary(at);
            if (!isZero(at, next)) {
                addHole(start, at, holeMin);
                start = next;
                if (length - next < holeMin) {
                    return;
                }
            }
            at = next;
        }
        addHole(start, length, holeMin);
    }

    private void addHole(int start, int end, int holeMin) {
        if (end - start >= holeMin && end > start) {
            if (start > told) {
                addData(start);
            }
            boolean whole = end == lease.length();
            replies.add(new Reply.Hole(job, lease, base, start, end - start, whole, whole && last));
            told = end;
        }
    }

    private void addData(int end) {
        boolean whole = end == lease.length();
        replies.add(new Reply.Data(job, lease, base, told, end - told, whole, whole && last));
        told = end;
    }

    /**
     * Returns the next end of a block of the export, or the end of the lease. Every slice but the last holds whole
     * blocks of the lease.
     */
    private int nextBoundary(int at) {
        long toBlock = Volume.BLOCK_SIZE - ((base + at) & (Volume.BLOCK_SIZE - 1));
        return (int) Math.min(lease.length(), at + toBlock);
    }

    /** Tests at most one block, which may lie in two slices. */
    private boolean isZero(int from, int end) {
        int split = Math.min(end, lease.start(from / Slice.MAX + 1));
        return isZeroInSlice(from, split) && (split == end || isZeroInSlice(split, end));
    }

    private boolean isZeroInSlice(int from, int end) {
        MemorySegment slice = lease.segment(from / Slice.MAX);
        long at = from % Slice.MAX;
        long length = (long) end - from;
        if (length >= Long.BYTES && slice.get(WORD, at) != 0) {
            return false;
        }
        return MemorySegment.mismatch(slice, at, at + length, ZEROES, 0, length) < 0;
    }
}
