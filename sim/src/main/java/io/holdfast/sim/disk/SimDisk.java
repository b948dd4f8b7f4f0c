package io.holdfast.sim.disk;

import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LittleEndian;
import io.holdfast.format.MapEntry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The part of a device that outlives a crash: the medium, the drive's volatile cache above it, and the faults.
 *
 * <p>Invariants: {@code medium} and {@code cache} are pristine, as on an ideal disk; all damage is in {@code overlays}.
 * So the simulator always knows whether an error that the engine reports is true.
 */
public final class SimDisk {
    /** So many blocks decay at once at most. */
    private static final int DECAYS_MAX = 4;
    /** Of the blocks that may decay, so many are chosen from. */
    private static final int DECAYS_NEWEST = 8;

    static final int SECTOR = 512;
    /** About as many log blocks as one phase of a run writes. */
    private static final int LOG_ROT_BLOCKS = 40;

    private static final byte[] LOG_MAGIC = "HFLOGREC".getBytes(StandardCharsets.US_ASCII);
    /** Where a header of the log, and its twin, say in which blocks they are. */
    private static final int LOG_HEADER_AT = 32;

    private static final int LOG_TWIN_AT = 104;

    private static final long NONE = -1;

    private static final byte[] ZEROES = new byte[Block.SIZE];

    /** A write that the drive has acknowledged and may lose. */
    private static final class Cached {
        final long number;
        final long block;
        final byte[] data;
        boolean lost;

        Cached(long number, long block, byte[] data) {
            this.number = number;
            this.block = block;
            this.data = data;
        }
    }

    private long blocks;
    /** The size that a crash leaves for sure. */
    private long durableBlocks;

    private long onlyOneLogCopyAt = NONE;

    /** Number of the write before which the size became what it is. */
    private long grownAt;

    private final SplittableRandom random;
    private Map<Long, byte[]> medium = new HashMap<>();
    private List<Cached> cache = new ArrayList<>();
    private final Map<Long, byte[]> newest = new HashMap<>();
    private final Map<Long, Overlay> overlays = new HashMap<>();
    /** Number of the last write of each block, to choose old blocks. */
    private final Map<Long, Long> writtenAt = new HashMap<>();

    private final EnumMap<FaultKind, Long> injected = new EnumMap<>(FaultKind.class);
    private final TreeSet<Long> everDamaged = new TreeSet<>();
    private final List<Map<Long, byte[]>> snapshots = new ArrayList<>();
    private boolean keepsSnapshots;
    private long writes;

    public SimDisk(long blocks, SplittableRandom random) {
        this.blocks = blocks;
        this.durableBlocks = blocks;
        this.random = random;
    }

    long blocks() {
        return blocks;
    }

    /** Grows as a file does: the new size is as volatile as a write. */
    void grow(long larger) {
        blocks = larger;
        grownAt = ++writes;
    }

    /** Grows as a block device does, by somebody else's doing: for good. */
    public void extend(long larger) {
        blocks = larger;
        durableBlocks = larger;
    }

    // ---- content ----

    /** Returns the content that a read finds, or null if the block cannot be read. */
    byte @Nullable [] read(long block) {
        byte[] pristine = pristine(block);
        return switch (overlays.get(block)) {
            case null -> pristine;
            case Overlay.Unreadable _ -> null;
            case Overlay.Other(byte[] content) -> content;
            case Overlay.Rot(int bit) -> {
                byte[] rotten = pristine.clone();
                rotten[bit / 8] ^= (byte) (1 << bit % 8);
                yield rotten;
            }
        };
    }

    private byte[] pristine(long block) {
        byte[] data = newest.get(block);
        return data != null ? data : medium.getOrDefault(block, ZEROES);
    }

    /** Puts a block into the cache. */
    void write(long block, byte[] data) {
        cache.add(new Cached(++writes, block, data));
        newest.put(block, data);
        overlays.remove(block);
        writtenAt.put(block, writes);
    }

    /** Returns a mark for {@link #flush} that covers all writes up to now. */
    public long mark() {
        return writes;
    }

    /** Makes the writes up to a mark durable, and no others. */
    void flush(long mark) {
        List<Cached> rest = new ArrayList<>();
        for (Cached write : cache) {
            if (write.lost || write.number > mark) {
                rest.add(write);
            } else {
                medium.put(write.block, write.data);
            }
        }
        cache = rest;
        if (grownAt <= mark) {
            durableBlocks = blocks;
        }
        if (keepsSnapshots && snapshots.size() < 4 && random.nextInt(16) == 0) {
            snapshots.add(new HashMap<>(medium));
        }
    }

    /**
     * Loses some cached writes after a failed flush: they will never reach the medium, though reads still find them.
     */
    void loseSome() {
        for (Cached write : cache) {
            write.lost |= random.nextBoolean();
        }
    }

    /** Cuts the power: a random subset of the unflushed writes survives, torn at 512 bytes. */
    public void crash() {
        int rule = random.nextInt(8);
        int prefix = cache.isEmpty() ? 0 : random.nextInt(cache.size() + 1);
        boolean tears = random.nextInt(3) == 0;
        int index = 0;
        for (Cached write : cache) {
            boolean lands = switch (rule) {
                case 0 -> false;
                case 1, 2 -> true;
                case 3, 4 -> index < prefix;
                case 5 -> index != prefix;
                default -> random.nextBoolean();
            };
            index++;
            if (!lands || write.lost) {
                continue;
            }
            if (!tears || random.nextInt(4) > 0) {
                medium.put(write.block, write.data);
            } else {
                medium.put(write.block, torn(medium.getOrDefault(write.block, ZEROES), write.data));
            }
        }
        cache.clear();
        newest.clear();
        if (blocks > durableBlocks && random.nextBoolean()) {
            // The file is as short as before: what landed behind its end is gone.
            blocks = durableBlocks;
            medium.keySet().removeIf(block -> block >= blocks);
            writtenAt.keySet().removeIf(block -> block >= blocks);
        }
        durableBlocks = blocks;
    }

    private byte[] torn(byte[] before, byte[] after) {
        byte[] mixed = before.clone();
        for (int at = 0; at < mixed.length; at += SECTOR) {
            if (random.nextBoolean()) {
                System.arraycopy(after, at, mixed, at, SECTOR);
            }
        }
        return mixed;
    }

    // ---- faults ----

    /** Counts a fault. */
    void injected(FaultKind kind) {
        injected.merge(kind, 1L, Long::sum);
    }

    /** Damages a block from now on. */
    void damage(FaultKind kind, long block, Overlay overlay) {
        injected(kind);
        overlays.put(block, overlay);
        everDamaged.add(block);
    }

    /** Records that a read of a block was answered wrongly. */
    void misread(long block) {
        injected(FaultKind.MISDIRECTED_READ);
        everDamaged.add(block);
    }

    /** Drops a write that is acknowledged. */
    void loseWrite(long block, byte[] data) {
        byte[] before = read(block);
        write(block, data);
        damage(
                FaultKind.LOST_WRITE,
                block,
                before == null ? new Overlay.Unreadable() : new Overlay.Other(before.clone()));
    }

    /** Sends a write to another block. */
    void misdirect(long block, long to, byte[] data) {
        byte[] before = read(block);
        write(block, data);
        damage(
                FaultKind.MISDIRECTED_WRITE,
                block,
                before == null ? new Overlay.Unreadable() : new Overlay.Other(before.clone()));
        overlays.put(to, new Overlay.Other(data));
        everDamaged.add(to);
    }

    /**
     * Damages a random written block; mostly a node of a map, a node of the metadata tree, a bitmap or a header of the log, if there is
     * one: they are few, and much hangs below.
     */
    void decay(FaultKind kind) {
        List<Long> written = new ArrayList<>(new TreeSet<>(writtenAt.keySet()));
        LongPredicate wanted = switch (random.nextInt(6)) {
            case 0, 1 -> this::isMapNode;
            case 2 -> this::isTreeNode;
            case 3 -> SimDisk::isBitmap;
            case 4 -> this::isLogHeader;
            default -> _ -> true;
        };
        List<Long> nodes = written.stream().filter(wanted::test).toList();
        written = nodes.isEmpty() ? written : newest(nodes);
        for (int i = random.nextInt(DECAYS_MAX); i >= 0 && !written.isEmpty(); i--) {
            decay(kind, written.get(random.nextInt(written.size())));
        }
    }

    /** Returns those of some blocks that were written last: of older ones, most are in use no more. */
    private List<Long> newest(List<Long> blocks) {
        return blocks.stream()
                .sorted(Comparator.comparing(writtenAt::get).reversed())
                .limit(DECAYS_NEWEST)
                .toList();
    }

    /** Returns whether a block is at a place of a bitmap, whatever the size of a group. */
    private static boolean isBitmap(long block) {
        long inGroup = block & ((1 << Layout.GROUP_LOG2_MIN) - 1);
        return inGroup == 2 || inGroup == 3;
    }

    /** Returns whether a block has the header of a record of the log, or the twin of one. */
    private boolean isLogHeader(long block) {
        byte[] content = read(block);
        return content != null && Arrays.equals(content, 0, LOG_MAGIC.length, LOG_MAGIC, 0, LOG_MAGIC.length);
    }

    /** Returns whether a block has a node of a map or of the metadata tree, or is at a place of a bitmap. */
    boolean isNodeOrBitmap(long block) {
        return isMapNode(block) || isTreeNode(block) || isBitmap(block);
    }

    private boolean isTreeNode(long block) {
        byte[] content = read(block);
        return content != null && content[0] == 'H' && content[1] == 'F' && content[2] == 'T' && content[3] == 'N';
    }

    /** Returns whether a block looks like a node of a map. */
    private boolean isMapNode(long block) {
        byte[] content = read(block);
        if (content == null) {
            return false;
        }
        boolean points = false;
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            long word = MapEntry.wordAt(content, slot);
            boolean pointer = MapEntry.isData(word) || MapEntry.state(word) == MapEntry.NODE;
            if (!MapEntry.isPossible(word) || pointer == (MapEntry.block(word) == 0)) {
                return false;
            }
            points |= pointer;
        }
        return points;
    }

    private void decay(FaultKind kind, long block) {
        damage(
                kind,
                block,
                kind == FaultKind.LATENT_ERROR
                        ? new Overlay.Unreadable()
                        : new Overlay.Rot(random.nextInt(Block.SIZE * 8)));
    }

    /**
     * Makes the newest leaf of a map unreadable that leads to a block with this content. It counts as no damage: its content comes back by {@link #reveal}, or the block is
     * written again.
     *
     * @return the leaf's block
     */
    public long hideLeafOver(byte[] data) {
        long leaf = writtenAt.keySet().stream()
                .filter(block -> isMapNode(block) && leadsTo(block, data))
                .max(Comparator.comparing(writtenAt::get))
                .orElseThrow(() -> new IllegalStateException("no leaf leads there"));
        overlays.put(leaf, new Overlay.Unreadable());
        return leaf;
    }

    private boolean leadsTo(long leaf, byte[] data) {
        byte[] node = pristine(leaf);
        for (int slot = 0; slot < MapEntry.FANOUT; slot++) {
            long word = MapEntry.wordAt(node, slot);
            if (MapEntry.isData(word) && Arrays.equals(pristine(MapEntry.block(word)), data)) {
                return true;
            }
        }
        return false;
    }

    /** Makes a block readable again, unless it was written since. */
    public void reveal(long block) {
        overlays.remove(block);
    }

    /** Damages one of the last blocks written before a mark; of a header of the log, one copy or both. */
    public void rotBefore(long mark) {
        List<Long> old = new ArrayList<>();
        new TreeMap<>(writtenAt).forEach((block, at) -> {
            if (at > mark - LOG_ROT_BLOCKS && at <= mark) {
                old.add(block);
            }
        });
        if (old.isEmpty()) {
            return;
        }
        long block = old.get(random.nextInt(old.size()));
        boolean header = isLogHeader(block);
        boolean whole = everDamaged.isEmpty();
        byte[] content = read(block);
        decay(FaultKind.LOG_ROT, block);
        if (header && content != null && random.nextBoolean()) {
            long first = LittleEndian.getLong(content, LOG_HEADER_AT);
            decay(FaultKind.LOG_ROT, first == block ? LittleEndian.getLong(content, LOG_TWIN_AT) : first);
        } else {
            onlyOneLogCopyAt = header && whole ? block : NONE;
        }
    }

    /** Returns whether all damage that ever was is in one copy of one header of the log. */
    public boolean isOnlyOneLogCopyDamaged() {
        return onlyOneLogCopyAt != NONE && everDamaged.size() == 1 && everDamaged.contains(onlyOneLogCopyAt);
    }

    /** Keeps snapshots from now on for {@link #goStale}. */
    public void keepSnapshots() {
        keepsSnapshots = true;
    }

    /** Goes back to an older durable state, if a snapshot was kept. */
    public void goStale() {
        if (!snapshots.isEmpty()) {
            medium = new HashMap<>(snapshots.get(random.nextInt(snapshots.size())));
            cache.clear();
            newest.clear();
            injected(FaultKind.COMES_BACK_STALE);
        }
    }

    /** Returns how often each fault happened. */
    public Map<FaultKind, Long> injected() {
        return new LinkedHashMap<>(injected);
    }

    public boolean happened(FaultKind kind) {
        return injected.containsKey(kind);
    }

    /** Returns whether a block was ever damaged, or read wrongly. */
    public boolean everDamaged(long block) {
        return everDamaged.contains(block);
    }

    /** Returns whether any block was ever damaged, or read wrongly. */
    public boolean everDamaged() {
        return !everDamaged.isEmpty();
    }

    /** Returns a hash of the contents. */
    public long contentHash() {
        long hash = 7;
        for (long block : new TreeSet<>(medium.keySet())) {
            hash = hash * 31 + block;
            hash = hash * 31 + Arrays.hashCode(medium.get(block));
        }
        return hash;
    }
}
