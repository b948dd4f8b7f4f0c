package io.holdfast.nbd.transmission;

import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.Volume;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the content chunks of what was read: long runs of zeroes become hole chunks (section «Structured reply types»,
 * NBD_REPLY_TYPE_OFFSET_HOLE), which carry no data.
 *
 * <p>Holes are found in the data that was read, not in the map of the file: so a reply never says anything else than the data
 * would have, whoever writes at the same time, and no read looks anything up for it. Of a block that is not zero one number
 * is looked at, as a rule.
 */
final class Contents {
    /** A shorter run of zeroes among data is sent: it would cost two more chunks. */
    static final int HOLE_MIN = 32 << 10;

    private static final MemorySegment ZEROES = MemorySegment.ofArray(new byte[Volume.BLOCK_SIZE]);
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Job job;
    private final Lease lease;
    private final long base;
    private final boolean last;
    private final List<Reply> replies = new ArrayList<>();

    /** How much of the lease is in {@code replies}. */
    private int told;

    private Contents(Job job, Lease lease, long base, boolean last) {
        this.job = job;
        this.lease = lease;
        this.base = base;
        this.last = last;
    }

    /** Returns, from one look, whether there is no hole: so for most short reads. If false it is not known. */
    static boolean isOneChunkOfData(Lease lease) {
        return lease.length() >= Long.BYTES
                && lease.length() <= HOLE_MIN
                && lease.segment(0).get(WORD, 0) != 0;
    }

    /**
     * Returns the chunks for a lease that holds what is in the export from {@code base} on, in order.
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

    /** Finds the runs of zero blocks that are long enough; of an unfragmented reply, whether all of it is zeroes. */
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

    /** Returns the next place where a block of the export ends or the lease does. A slice has whole blocks of the lease. */
    private int nextBoundary(int at) {
        long toBlock = Volume.BLOCK_SIZE - ((base + at) & (Volume.BLOCK_SIZE - 1));
        return (int) Math.min(lease.length(), at + toBlock);
    }

    /** Looks at no more than a block, which may lie in two slices. */
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
