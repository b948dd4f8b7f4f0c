package io.holdfast.checkpoint;

import io.holdfast.device.BlockBuffer;
import io.holdfast.device.BufferPool;
import io.holdfast.device.Device;
import io.holdfast.device.SealedBuffer;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.Superblock;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.store.Answer;
import io.holdfast.store.BlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the copies of the superblock.
 *
 * <p>Generation g goes to slot g mod 2 of every copy, and never touches the slot of g - 1: whatever a crash leaves
 * of g, g - 1 is whole. The newest valid copy wins. The reader reports damaged slots and copies; the next checkpoints
 * overwrite them.
 *
 * <p>A larger volume may have more copies. They are whole and durable before the first copy that the smaller one has,
 * too, tells of the larger size. Until then nobody looks at them.
 */
public final class Superblocks {
    /** So many sizes of a volume are looked at in a rescue: those of the device and of superblocks. */
    private static final int SIZES_MAX = 8;

    private final BlockStore store;
    private final Device device;
    private final BufferPool buffers;
    private final int groupLog2;

    /** @param groupLog2 log2 of the blocks in a group: {@link Layout#GROUP_LOG2} but in the simulator */
    public Superblocks(BlockStore store, BufferPool buffers, int groupLog2) {
        this.store = store;
        this.device = store.device();
        this.buffers = buffers;
        this.groupLog2 = groupLog2;
    }

    /**
     * The result of reading the copies.
     *
     * @param problems one for each slot that is not good
     * @param stale the copies that do not have this superblock
     * @param hidden why there may be a newer one: no copy of the place where that would be can be read; null if one of them can
     */
    public record Found(
            Superblock superblock,
            List<Problem> problems,
            List<Integer> stale,
            @Nullable HoldfastException hidden) {
        /**
         * Refuses what would go on from this superblock if there may be a newer one.
         *
         * @throws HoldfastException {@code DEVICE_ERROR}
         */
        public void requireNewest(String device) throws HoldfastException {
            HoldfastException why = hidden;
            if (why != null && !Inject.off(Guard.UNREADABLE_IS_NOT_ABSENT)) {
                throw new HoldfastException(ErrorCode.DEVICE_ERROR, mayBeOlder(device, why), why);
            }
        }

        /** Returns what is to be told to somebody who only reads; empty if this is the newest superblock. */
        public Optional<String> warning(String device) {
            return Optional.ofNullable(hidden).map(why -> mayBeOlder(device, why));
        }

        private String mayBeOlder(String device, HoldfastException why) {
            return "%s: superblock: generation %d is the newest that can be read, and a newer one may be in blocks that cannot be read: %s; nothing was changed; look after the device, then try again; open it read-only to copy off what is there"
                    .formatted(device, superblock.generation(), why.getMessage());
        }
    }

    /**
     * A place where a good superblock should be.
     *
     * @param block its device block
     */
    public record Problem(long block, String message) {}

    /** Reads as {@link #read}, while no superblock is being written: every copy must have the newest one. */
    public Found readAtRest() throws HoldfastException {
        return read(false);
    }

    /**
     * Finds the newest superblock. The first copy that can be read gives the volume's UUID, and only copies with the
     * same UUID count: others are left from an older volume, or were planted in data. A copy may lack the newest
     * superblock, without a problem: a crash may have come while that was being written.
     *
     * @throws HoldfastException {@code NOT_A_VOLUME} if no copy looks like one; else the reason why the first one cannot
     *     be used
     */
    public Found read() throws HoldfastException {
        return read(true);
    }

    private Found read(boolean afterCrash) throws HoldfastException {
        Superblock best = first();
        List<Slot> slots = List.of();
        boolean any = Inject.off(Guard.OWN_COPIES_ONLY);
        for (boolean again = true; again; ) {
            again = false;
            requireWhole(best);
            slots = readSlots(any ? new Layout(device.blocks(), groupLog2) : best.layout());
            for (Slot slot : slots) {
                Superblock s = slot.superblock;
                if (s != null && (any || s.uuid().equals(best.uuid())) && s.generation() > best.generation()) {
                    // It may be of a larger volume, with more copies.
                    best = s;
                    again = true;
                }
            }
        }
        return new Found(best, problems(slots, best, afterCrash), stale(slots, best), hidden(slots, best));
    }

    /**
     * Returns why a newer superblock may be there; null if it is not. It is not durable unless all copies have it, so one copy of its slot that can
     * be read and does not have it is enough.
     */
    private static @Nullable HoldfastException hidden(List<Slot> slots, Superblock best) {
        HoldfastException why = null;
        for (Slot slot : slots) {
            if (slot.index == slotOf(best)) {
                continue;
            }
            HoldfastException problem = slot.problem;
            if (problem == null || problem.code() != ErrorCode.DEVICE_ERROR) {
                return null;
            }
            why = why == null ? problem : why;
        }
        return why;
    }

    /**
     * Finds all superblocks of the volume that can be read, the newest first, for a rescue. The device may have been truncated.
     * The first copy that can be read gives the UUID, as in {@link #read}.
     *
     * @throws HoldfastException {@code NOT_A_VOLUME} or the reason why a copy cannot be used, if none can
     */
    public List<Found> all() throws HoldfastException {
        Map<Long, Slot> read = new TreeMap<>();
        Set<Long> sizes = new HashSet<>();
        Deque<Long> toLookAt = new ArrayDeque<>(List.of(Math.max(device.blocks(), Superblock.MIN_BLOCKS)));
        while (!toLookAt.isEmpty() && sizes.size() < SIZES_MAX) {
            long blocks = toLookAt.remove();
            if (!sizes.add(blocks)) {
                continue;
            }
            Layout layout = new Layout(blocks, groupLog2);
            for (int copy = 0; copy < layout.superblockCopies(); copy++) {
                for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                    long block = layout.superblock(copy, slot);
                    if (block < device.blocks() && !read.containsKey(block)) {
                        Slot found = readSlot(block, slot);
                        read.put(block, found);
                        if (found.superblock != null && found.superblock.groupLog2() == groupLog2) {
                            toLookAt.add(found.superblock.blocks());
                        }
                    }
                }
            }
        }
        Slot first = null;
        for (Slot slot : read.values()) {
            HoldfastException problem = slot.problem;
            boolean near = first == null || slot.block < first.block + Layout.SUPERBLOCK_SLOTS;
            if (near && problem != null && problem.code() == ErrorCode.UNSUPPORTED) {
                throw problem; // What lies beside or behind it may be older, and must not be taken for the newest.
            }
            Superblock s = slot.superblock;
            if (first == null && s != null && s.groupLog2() == groupLog2) {
                first = slot;
            }
        }
        if (first == null || first.superblock == null) {
            first();
            throw new HoldfastException(ErrorCode.DAMAGED, device.name() + ": no superblock can be read");
        }
        UUID uuid = first.superblock.uuid();
        Map<Long, Superblock> generations = new TreeMap<>(Comparator.reverseOrder());
        read.values().stream()
                .flatMap(slot -> Stream.ofNullable(slot.superblock))
                .filter(s -> s.uuid().equals(uuid) && s.groupLog2() == groupLog2)
                .forEach(s -> generations.putIfAbsent(s.generation(), s));
        List<Slot> slots = List.copyOf(read.values());
        Superblock newest = generations.values().iterator().next();
        return generations.values().stream()
                .map(superblock -> new Found(superblock, problemsOf(slots, newest), List.of(), null))
                .toList();
    }

    /** Returns the problems of slots where the newest superblock has them. */
    private List<Problem> problemsOf(List<Slot> slots, Superblock newest) {
        Layout layout = newest.layout();
        Set<Long> own = new HashSet<>();
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                own.add(layout.superblock(copy, slot));
            }
        }
        List<Slot> there =
                slots.stream().filter(slot -> own.contains(slot.block)).toList();
        List<Problem> problems = new ArrayList<>(problems(there, newest, true));
        if (newest.blocks() > device.blocks()) {
            problems.add(new Problem(
                    there.isEmpty() ? 0 : there.getFirst().block,
                    "%s: superblock: the volume has %d blocks but the device ends after %d: what was behind is lost"
                            .formatted(device.name(), newest.blocks(), device.blocks())));
        }
        return problems;
    }

    /** Returns the superblock of the generation before another one, from any copy; empty if no copy can be read. */
    public Optional<Superblock> before(Superblock newest) {
        return readSlots(newest.layout()).stream()
                .flatMap(slot -> Stream.ofNullable(slot.superblock))
                .filter(s -> s.uuid().equals(newest.uuid()) && s.generation() == newest.generation() - 1)
                .findFirst();
    }

    private static List<Integer> stale(List<Slot> slots, Superblock best) {
        List<Integer> stale = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            if (slot.index == slotOf(best) && !best.equals(slot.superblock)) {
                stale.add(i / Layout.SUPERBLOCK_SLOTS);
            }
        }
        return stale;
    }

    private static int slotOf(Superblock superblock) {
        return (int) (superblock.generation() % Layout.SUPERBLOCK_SLOTS);
    }

    /** Returns the newest superblock of the first copy that can be read. */
    private Superblock first() throws HoldfastException {
        HoldfastException worst = null;
        Layout places = new Layout(Math.max(device.blocks(), Superblock.MIN_BLOCKS), groupLog2);
        for (int copy = 0; copy < places.superblockCopies(); copy++) {
            Superblock newest = null;
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                long block = places.superblock(copy, slot);
                if (block >= device.blocks()) {
                    break;
                }
                Slot read = readSlot(block, slot);
                Superblock s = read.superblock;
                if (s != null && (newest == null || s.generation() > newest.generation())) {
                    newest = s;
                }
                HoldfastException problem = read.problem;
                if (problem != null && problem.code() == ErrorCode.UNSUPPORTED) {
                    throw problem;
                }
                if (problem != null && (worst == null || worst.code() == ErrorCode.NOT_A_VOLUME)) {
                    worst = problem;
                }
            }
            if (newest != null) {
                return newest;
            }
        }
        throw worst != null && worst.code() != ErrorCode.NOT_A_VOLUME
                ? worst
                : new HoldfastException(
                        ErrorCode.NOT_A_VOLUME,
                        device.name() + ": not a Holdfast volume: no superblock in any of its places");
    }

    private void requireWhole(Superblock superblock) throws HoldfastException {
        if (superblock.blocks() > device.blocks()) {
            throw new HoldfastException(
                    ErrorCode.DAMAGED,
                    "%s: superblock: the volume has %d blocks but the device ends after %d: it was truncated; give it back its size of %s"
                            .formatted(
                                    device.name(),
                                    superblock.blocks(),
                                    device.blocks(),
                                    SizeText.exact(superblock.blocks() * Block.SIZE)));
        }
        if (superblock.groupLog2() != groupLog2) {
            throw new HoldfastException(
                    ErrorCode.UNSUPPORTED,
                    "%s: a volume with groups of 2^%d blocks; this Holdfast reads groups of 2^%d"
                            .formatted(device.name(), superblock.groupLog2(), groupLog2));
        }
    }

    private List<Slot> readSlots(Layout layout) {
        List<Slot> slots = new ArrayList<>();
        for (int copy = 0; copy < layout.superblockCopies(); copy++) {
            for (int slot = 0; slot < Layout.SUPERBLOCK_SLOTS; slot++) {
                slots.add(readSlot(layout.superblock(copy, slot), slot));
            }
        }
        return slots;
    }

    /** Each copy must have the newest generation in one slot, and the one before, if any, in the other. */
    private List<Problem> problems(List<Slot> slots, Superblock best, boolean crashed) {
        List<Problem> problems = new ArrayList<>();
        for (Slot slot : slots) {
            long expected = slot.index == slotOf(best) ? best.generation() : best.generation() - 1;
            Superblock s = slot.superblock;
            HoldfastException problem = slot.problem;
            if (problem != null) {
                problems.add(new Problem(slot.block, String.valueOf(problem.getMessage())));
            } else if (s != null && !s.uuid().equals(best.uuid())) {
                problems.add(new Problem(
                        slot.block,
                        "%s: superblock in block %d is of another volume: it differs from the other copies"
                                .formatted(device.name(), slot.block)));
            } else if (s != null && s.generation() != expected && !(crashed && isInterrupted(s, best, expected))) {
                problems.add(new Problem(
                        slot.block,
                        "%s: superblock in block %d is of generation %d, not %d: a write was lost"
                                .formatted(device.name(), slot.block, s.generation(), expected)));
            } else if (s != null && !agrees(s, best)) {
                problems.add(new Problem(
                        slot.block,
                        "%s: superblock in block %d differs from the other copies"
                                .formatted(device.name(), slot.block)));
            }
        }
        return problems;
    }

    /** Returns whether the slot has what was there before the newest superblock, which a crash kept from it. */
    private static boolean isInterrupted(Superblock s, Superblock best, long expected) {
        return expected == best.generation() && s.generation() == expected - Layout.SUPERBLOCK_SLOTS;
    }

    private static boolean agrees(Superblock s, Superblock best) {
        return s.generation() == best.generation() ? s.equals(best) : s.uuid().equals(best.uuid());
    }

    private record Slot(
            long block,
            int index,
            @Nullable Superblock superblock,
            @Nullable HoldfastException problem) {}

    private Slot readSlot(long block, int index) {
        MemorySegment memory = buffers.takeMemory();
        try {
            byte[] bytes = new byte[Block.SIZE];
            Answer answer =
                    store.read(BlockStore.Kind.SUPERBLOCK, block, memory.asSlice(0, Block.SIZE), (i, read, offset) -> {
                        MemorySegment.copy(read, ValueLayout.JAVA_BYTE, offset, bytes, 0, bytes.length);
                        return Superblock.isSound(bytes, block, device.name());
                    });
            HoldfastException error = answer.error(0);
            if (error != null) {
                throw error;
            }
            return new Slot(block, index, Superblock.decode(bytes, block, device.name()), null);
        } catch (HoldfastException e) {
            return new Slot(block, index, null, e);
        } finally {
            buffers.giveBackMemory(memory);
        }
    }

    /** Writes the superblock to its slot in every copy. All it points to must be durable; the caller flushes after. */
    public void write(Superblock superblock) throws HoldfastException {
        Layout layout = superblock.layout();
        write(superblock, 0, layout.superblockCopies(), layout);
    }

    /**
     * Makes what was found durable before anything is written that needs it. Writes the superblock that was found once
     * more to all copies. A copy may lack it. And where reads show it, it may not be on the medium: after a flush that has
     * failed, the drive or the kernel may have forgotten what it still had to write (guard {@code SUPERBLOCK_REWRITTEN}).
     *
     * <p>The copies without it come first, else every other copy; then a flush, which also covers the log that was found
     * (guard {@code MOUNT_FLUSHES}); then the rest. The caller's next flush covers that.
     */
    public void secure(Found found) throws HoldfastException {
        List<Integer> first = new ArrayList<>(found.stale);
        List<Integer> then = new ArrayList<>();
        for (int copy = 0; copy < found.superblock.layout().superblockCopies(); copy++) {
            if (found.stale.isEmpty() && copy % 2 != 0) {
                first.add(copy);
            } else if (!found.stale.contains(copy)) {
                then.add(copy);
            }
        }
        writeAgain(found.superblock, first);
        if (!Inject.off(Guard.MOUNT_FLUSHES)) {
            device.flush();
        }
        writeAgain(found.superblock, then);
    }

    private void writeAgain(Superblock superblock, List<Integer> copies) throws HoldfastException {
        if (Inject.off(Guard.SUPERBLOCK_REWRITTEN)) {
            return;
        }
        for (int copy : copies) {
            write(superblock, copy, copy + 1, superblock.layout());
        }
    }

    /**
     * Writes the first superblock of a volume that has grown. All it points to must be durable; the caller flushes
     * after. Flushes before it writes what the next opening looks at, if there are more copies than before.
     *
     * @param last the newest one of the smaller volume
     */
    public void writeLarger(Superblock last, Superblock superblock) throws HoldfastException {
        int before = last.layout().superblockCopies();
        int now = superblock.layout().superblockCopies();
        if (now > before) {
            write(last, before, now, superblock.layout());
            write(superblock, before, now, superblock.layout());
            device.flush();
        }
        write(superblock, 0, before, superblock.layout());
    }

    /** Writes some copies, by their places in a layout. */
    private void write(Superblock superblock, int from, int to, Layout layout) throws HoldfastException {
        int slot = slotOf(superblock);
        for (int copy = from; copy < to; copy++) {
            long block = layout.superblock(copy, slot);
            BlockBuffer buffer = buffers.take();
            buffer.copy(0, superblock.encode(block));
            SealedBuffer sealed = buffer.seal(1);
            try {
                device.write(block, sealed);
            } finally {
                sealed.release();
            }
        }
    }
}
