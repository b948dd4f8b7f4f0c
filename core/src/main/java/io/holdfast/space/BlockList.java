package io.holdfast.space;

import io.holdfast.format.Layout;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeMap;

/**
 * A set of blocks, packed by group: a list of short numbers, and a bitmap where there are many. Millions of blocks take
 * two bytes each or less. Not thread-safe.
 *
 * <p>Invariant: a block is added at most once; {@link #add} relies on that.
 */
public final class BlockList {
    private final int groupLog2;
    private final TreeMap<Long, Part> parts = new TreeMap<>();
    private long size;
    /** The part that was used last: changes come in runs. */
    private Part last = Part.NONE;

    public BlockList(Layout layout) {
        this.groupLog2 = layout.groupLog2();
    }

    /** The blocks of one group. */
    private static final class Part {
        static final Part NONE = new Part(-1, 0);
        /** Above this a bitmap of a group takes less. */
        private static final int LISTED_MAX = Layout.BITMAP_WORDS * 4;

        final long group;
        private final int words;
        private char[] listed = new char[4];
        private long[] bits = {};
        private int size;
        private int max;

        Part(long group, int words) {
            this.group = group;
            this.words = words;
        }

        void add(int index) {
            max = Math.max(max, index);
            if (bits.length > 0) {
                bits[index >>> 6] |= 1L << index;
            } else if (size < Math.min(LISTED_MAX, words * 4)) {
                if (size == listed.length) {
                    listed = Arrays.copyOf(listed, size * 2);
                }
                listed[size] = (char) index;
            } else {
                long[] all = new long[words];
                addTo(all);
                all[index >>> 6] |= 1L << index;
                bits = all;
                listed = new char[0];
            }
            size++;
        }

        boolean has(int index) {
            if (bits.length > 0) {
                return (bits[index >>> 6] >>> index & 1) != 0;
            }
            // Blocks come in ascending runs, so most are behind all others.
            if (size == 0 || index > max) {
                return false;
            }
            for (int i = 0; i < size; i++) {
                if (listed[i] == index) {
                    return true;
                }
            }
            return false;
        }

        /** Removes those blocks whose bits are set. */
        void remove(long[] gone) {
            if (bits.length > 0) {
                for (int i = 0; i < bits.length; i++) {
                    bits[i] &= ~gone[i];
                }
                size = GroupBits.count(bits);
                return;
            }
            int left = 0;
            for (int i = 0; i < size; i++) {
                if ((gone[listed[i] >>> 6] & 1L << listed[i]) == 0) {
                    listed[left++] = listed[i];
                }
            }
            size = left;
        }

        /** Sets a bit for each block. */
        void addTo(long[] target) {
            if (bits.length > 0) {
                for (int i = 0; i < bits.length; i++) {
                    target[i] |= bits[i];
                }
                return;
            }
            for (int i = 0; i < size; i++) {
                target[listed[i] >>> 6] |= 1L << listed[i];
            }
        }
    }

    /** Something done with the blocks of one group. */
    public interface GroupVisitor<E extends Exception> {
        /**
         * Takes the blocks of a group.
         *
         * @param bits one for each block of the group, set for those in the list; to be read only, and only now
         */
        void group(long group, long[] bits) throws E;
    }

    public void add(long block) {
        part(block).add(indexOf(block));
        size++;
    }

    /** Adds a block if it is not here; returns whether it was added. */
    boolean addIfNew(long block) {
        Part part = part(block);
        if (part.has(indexOf(block))) {
            return false;
        }
        add(block);
        return true;
    }

    private Part part(long block) {
        long group = block >>> groupLog2;
        if (last.group != group) {
            last = parts.computeIfAbsent(group, g -> new Part(g, Math.max(1, 1 << groupLog2 >>> 6)));
        }
        return last;
    }

    private int indexOf(long block) {
        return (int) (block & (1L << groupLog2) - 1);
    }

    public long size() {
        return size;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    /** Calls the visitor for each group that has blocks here, in ascending order. */
    public <E extends Exception> void forEachGroup(GroupVisitor<E> visitor) throws E {
        long[] bits = new long[Math.max(1, 1 << groupLog2 >>> 6)];
        for (Part part : parts.values()) {
            Arrays.fill(bits, 0);
            part.addTo(bits);
            visitor.group(part.group, bits);
        }
    }

    /** Adds those blocks of a group whose bits are set. */
    void add(long group, long[] bits) {
        for (int word = 0; word < bits.length; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                add((group << groupLog2) + word * 64L + Long.numberOfTrailingZeros(rest));
            }
        }
    }

    /** Removes those blocks of a group whose bits are set, as far as they are here. */
    void remove(long group, long[] bits) {
        Part part = parts.get(group);
        if (part == null) {
            return;
        }
        int before = part.size;
        part.remove(bits);
        size -= before - part.size;
        if (part.size == 0) {
            removeGroup(group);
        }
    }

    /** Removes the blocks of a group. */
    void removeGroup(long group) {
        Part part = parts.remove(group);
        if (part != null) {
            size -= part.size;
            last = part == last ? Part.NONE : last;
        }
    }

    /** Takes out the blocks of one group, and calls the visitor with them; returns false if there are none. */
    <E extends Exception> boolean takeGroup(GroupVisitor<E> visitor) throws E {
        if (parts.isEmpty()) {
            return false;
        }
        long group = parts.firstKey();
        long[] bits = new long[Math.max(1, 1 << groupLog2 >>> 6)];
        addTo(group, bits);
        removeGroup(group);
        visitor.group(group, bits);
        return true;
    }

    /** Something done with a block. */
    public interface Visitor {
        void block(long block);
    }

    /** Calls the visitor for each block, in ascending order. */
    public void forEach(Visitor visitor) {
        forEachGroup((group, bits) -> {
            for (int word = 0; word < bits.length; word++) {
                for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                    visitor.block((group << groupLog2) + word * 64L + Long.numberOfTrailingZeros(rest));
                }
            }
        });
    }

    /** Returns the groups that have blocks here. */
    Set<Long> groups() {
        return parts.keySet();
    }

    /** Returns whether no block was added twice. */
    boolean hasEachOnce() {
        long[] found = new long[1];
        forEachGroup((group, bits) -> found[0] += GroupBits.count(bits));
        return found[0] == size;
    }

    /** Sets the bits of those blocks of a group that are here. */
    void addTo(long group, long[] target) {
        Part part = parts.get(group);
        if (part != null) {
            part.addTo(target);
        }
    }
}
