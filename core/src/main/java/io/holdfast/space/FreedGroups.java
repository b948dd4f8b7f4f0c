package io.holdfast.space;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The groups in which blocks have become free since their free blocks were last discarded, and for how long nothing more has.
 * Time is a number of passes. What becomes free again and again would be discarded and taken anew each time; so a group waits until
 * it is quiet, but not for ever. Not thread-safe; {@link SpaceManager} guards it.
 *
 * <p>Memory: a byte for each group, in pages that are made when a group in them is freed in.
 */
final class FreedGroups {
    /** Passes without a block that became free, after which a group is due. */
    static final int QUIET = 2;
    /** Passes after which a group is due in any case. */
    static final int AGE_MAX = 14;

    private static final int PAGE_LOG2 = 12;
    private static final int PAGE_GROUPS = 1 << PAGE_LOG2;

    /** By group: 0 if nothing waits; else 16 times the passes since the first block, plus those since the last one, plus 1. */
    private byte[] @Nullable [] pages = {};

    /** By page: how many groups wait. */
    private int[] waitingIn = {};

    private long waiting;

    /** Notes that blocks of a group have become free. */
    void freed(long group) {
        int number = Math.toIntExact(group >>> PAGE_LOG2);
        if (number >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(number + 1, pages.length + pages.length / 2));
            waitingIn = Arrays.copyOf(waitingIn, pages.length);
        }
        byte[] page = pages[number];
        if (page == null) {
            page = new byte[PAGE_GROUPS];
            pages[number] = page;
        }
        int at = at(group);
        if (page[at] == 0) {
            waiting++;
            waitingIn[number]++;
        }
        page[at] = (byte) ((page[at] & 0xf0) | 1);
    }

    private static int at(long group) {
        return (int) group & (PAGE_GROUPS - 1);
    }

    /** Returns whether any group waits, due or not. */
    boolean areWaiting() {
        return waiting > 0;
    }

    /** Notes that a pass is over for a page of groups; returns the page to go on with, -1 after the last one. */
    int pass(int number) {
        byte[] page = number < pages.length && waitingIn[number] > 0 ? pages[number] : null;
        for (int at = 0; page != null && at < PAGE_GROUPS; at++) {
            if (page[at] != 0) {
                int age = Math.min(AGE_MAX, age(page[at]) + 1);
                int quiet = Math.min(QUIET + 1, quiet(page[at]) + 1);
                page[at] = (byte) ((age << 4) | quiet);
            }
        }
        return number + 1 < pages.length ? number + 1 : -1;
    }

    private static int age(byte state) {
        return (state & 0xff) >>> 4;
    }

    private static int quiet(byte state) {
        return state & 0xf;
    }

    /** Returns the first group from {@code from} on that is due; -1 if none is. */
    long nextDue(long from) {
        long group = from;
        while (waiting > 0 && group >>> PAGE_LOG2 < pages.length) {
            int number = (int) (group >>> PAGE_LOG2);
            byte[] page = waitingIn[number] == 0 ? null : pages[number];
            for (int at = at(group); page != null && at < PAGE_GROUPS; at++) {
                if (quiet(page[at]) > QUIET || age(page[at]) >= AGE_MAX) {
                    return (group & -PAGE_GROUPS) + at;
                }
            }
            group = (group & -PAGE_GROUPS) + PAGE_GROUPS;
        }
        return -1;
    }

    /** Forgets a group: its free blocks are about to be discarded. */
    void take(long group) {
        byte[] page = group >>> PAGE_LOG2 < pages.length ? pages[(int) (group >>> PAGE_LOG2)] : null;
        if (page != null && page[at(group)] != 0) {
            page[at(group)] = 0;
            waiting--;
            waitingIn[(int) (group >>> PAGE_LOG2)]--;
        }
    }
}
