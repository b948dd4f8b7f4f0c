package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.InodeMark;
import io.holdfast.metadata.MetadataStore;
import io.holdfast.volume.FileKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Plans how the items of a volume become right. It changes nothing: the result has the changes. Every item must be readable; else what is missing
 * could be what an item needs.
 *
 * <p>It goes round: {@link NamespaceCheck} looks at the items with the changes so far, each fault that can be mended is, until nothing more can be.
 * Link counts come last, since other repairs change them. Used once, by one thread.
 */
public final class ItemRepairs {
    /** More changes are left to another repair: with these, the items of one checkpoint take some 20 MiB at most. */
    private static final int CHANGES_MAX = 1 << 16;

    private static final int FAULTS_MAX = 1 << 14;
    private static final int ROUNDS_MAX = 64;

    private final EditedItems items;
    private final LostAndFound found;
    private final MissingRecord missing;
    private final List<Mended> mended = new ArrayList<>();

    /** Looks at the maps of files. */
    public interface Maps {
        /** Returns what the map of an inode says of the file; empty if not all of the map can be read, or changes of it wait in the log. */
        Optional<MapFacts> find(long inode) throws HoldfastException;
    }

    /**
     * What a map says of its file.
     *
     * @param blocks up to the last one that has data or is unwritten
     * @param checksummed whether all data has checksums
     */
    public record MapFacts(long blocks, boolean checksummed) {}

    /**
     * A repair.
     *
     * @param structure as in a report of a check
     * @param loss what is lost by it; empty if nothing is
     */
    public record Mended(long inode, String structure, String what, String loss) {}

    /**
     * The plan.
     *
     * @param changes to the items; one without a value is removed
     * @param remaining faults that are not mended
     * @param more whether another repair may mend some of them: they are too many for one
     */
    public record Result(
            List<Mended> mended, NavigableMap<byte[], Item> changes, Set<ItemFault> remaining, boolean more) {}

    public ItemRepairs(MetadataStore store, Maps maps, Instant now) {
        this.items = new EditedItems(store);
        this.found = new LostAndFound(items, now);
        this.missing = new MissingRecord(items, maps, now);
    }

    /** The faults of one look at all items. */
    private static final class Faults {
        final Set<ItemFault> all = new HashSet<>();
        /** The least number that no inode has. */
        long free = NamespaceKeys.ROOT + 1;
    }

    /** Makes the plan. */
    public Result plan() throws HoldfastException {
        Faults faults = look();
        boolean any = true;
        for (int round = 0; any && round < ROUNDS_MAX; round++) {
            any = mend(faults);
            faults = any ? look() : faults;
        }
        boolean more = items.size() >= CHANGES_MAX || faults.all.size() == FAULTS_MAX;
        return new Result(List.copyOf(mended), items.changes(), Set.copyOf(faults.all), more);
    }

    private Faults look() throws HoldfastException {
        Faults faults = new Faults();
        NamespaceCheck check = new NamespaceCheck((fault, _, _, _) -> {
            if (faults.all.size() < FAULTS_MAX) {
                faults.all.add(fault);
            }
        });
        items.forEach(item -> {
            check.item(item);
            if (item.key().length >= NamespaceKeys.PREFIX_SIZE) {
                long inode = NamespaceKeys.inodeOf(item.key());
                faults.free = inode >= faults.free ? inode + 1 : faults.free;
            }
        });
        check.finish();
        return faults;
    }

    /** Mends what it can of some faults; returns whether it did something. */
    private boolean mend(Faults faults) throws HoldfastException {
        boolean any = false;
        Set<Long> wanted = new HashSet<>();
        for (ItemFault fault : faults.all) {
            if (fault instanceof ItemFault.NoRecord none) {
                wanted.add(none.inode());
            } else if (fault instanceof ItemFault.WrongKind kind) {
                wanted.add(kind.inode());
            }
        }
        NamedBy names = NamedBy.find(items, wanted);
        // Whoever makes a directory needs the mark, and whoever names something needs the root.
        for (ItemFault fault : inOrder(faults.all)) {
            if (items.size() < CHANGES_MAX && !(fault instanceof ItemFault.WrongLinks)) {
                any |= mend(fault, faults, names);
            }
        }
        if (!any) {
            for (ItemFault fault : faults.all) {
                any |= fault instanceof ItemFault.WrongLinks links && items.size() < 2 * CHANGES_MAX && links(links);
            }
        }
        return any;
    }

    private static List<ItemFault> inOrder(Set<ItemFault> faults) {
        List<ItemFault> sorted = new ArrayList<>(faults);
        sorted.sort((a, b) -> {
            int order = Integer.compare(order(a), order(b));
            return order != 0 ? order : Long.compareUnsigned(inode(a), inode(b));
        });
        return sorted;
    }

    private static int order(ItemFault fault) {
        return switch (fault) {
            case ItemFault.HighWater _ -> 0;
            case ItemFault.NoRecord _ -> 1;
            case ItemFault.UnwantedOrphan _, ItemFault.WrongKind _, ItemFault.WrongParent _ -> 2;
            case ItemFault.NoName _ -> 3;
            case ItemFault.WrongLinks _, ItemFault.Other _ -> 4;
        };
    }

    private static long inode(ItemFault fault) {
        return switch (fault) {
            case ItemFault.NoRecord f -> f.inode();
            case ItemFault.UnwantedOrphan f -> f.inode();
            case ItemFault.WrongKind f -> f.inode();
            case ItemFault.WrongParent f -> f.inode();
            case ItemFault.NoName f -> f.inode();
            case ItemFault.WrongLinks f -> f.inode();
            case ItemFault.HighWater _, ItemFault.Other _ -> 0;
        };
    }

    private boolean mend(ItemFault fault, Faults faults, NamedBy names) throws HoldfastException {
        return switch (fault) {
            case ItemFault.HighWater _ -> highWater(faults.free);
            case ItemFault.NoRecord f -> done(missing.mend(f.inode(), names.of(f.inode())));
            case ItemFault.UnwantedOrphan f -> orphan(f.inode());
            case ItemFault.WrongKind f -> kind(f.inode(), names.of(f.inode()));
            case ItemFault.WrongParent f -> parent(f.inode(), f.parent());
            case ItemFault.NoName f -> name(f.inode());
            case ItemFault.WrongLinks _, ItemFault.Other _ -> false;
        };
    }

    private boolean done(Optional<Mended> repair) {
        repair.ifPresent(mended::add);
        return repair.isPresent();
    }

    private boolean highWater(long free) throws HoldfastException {
        // Not below what the superblock says: numbers of removed files must not come back.
        byte[] mark = InodeMark.encode(Math.max(free, items.inodesBelow()));
        if (InodeMark.decode(mark) < 0 || Arrays.equals(mark, items.get(InodeMark.key()))) {
            return false;
        }
        items.put(InodeMark.key(), mark);
        return done(Optional.of(
                new Mended(-1, "inode", "the high-water mark of inode numbers is wrong, and becomes " + free, "")));
    }

    private boolean orphan(long inode) {
        items.remove(NamespaceKeys.orphan(inode));
        return done(inode, "has a name or a record and is marked as an orphan, and is marked so no longer");
    }

    private boolean kind(long inode, List<NamedBy.Name> names) throws HoldfastException {
        InodeRecord record = record(inode);
        boolean any = false;
        for (NamedBy.Name name : names) {
            if (record != null && name.kind() != record.kind()) {
                items.put(name.key(), Directories.encode(new Entry(inode, record.kind())));
                any = true;
            }
        }
        return any && record != null && done(inode, "is a " + record.kind() + ", and its directory entry says so now");
    }

    private boolean parent(long inode, long parent) throws HoldfastException {
        InodeRecord record = record(inode);
        if (record == null || record.kind() != FileKind.DIRECTORY) {
            return false;
        }
        put(inode, record.withParent(parent));
        return done(inode, "is a directory in inode " + Long.toUnsignedString(parent) + ", and knows it now");
    }

    private boolean name(long inode) throws HoldfastException {
        InodeRecord record = record(inode);
        String path = record == null ? "" : found.add(inode, record.kind());
        if (record == null || path.isEmpty()) {
            return false;
        }
        if (record.kind() == FileKind.DIRECTORY) {
            put(inode, record.withParent(found.directory()));
            found.linked();
        }
        return done(inode, "has no name, and is named " + path);
    }

    private boolean links(ItemFault.WrongLinks links) throws HoldfastException {
        InodeRecord record = record(links.inode());
        if (record == null || links.right() > InodeRecord.LINKS_MAX) {
            return false;
        }
        put(links.inode(), record.withLinks((int) links.right()));
        return done(links.inode(), "has the link count " + record.links() + ", and gets " + links.right());
    }

    private boolean done(long inode, String what) {
        return done(Optional.of(new Mended(inode, "inode", "inode " + Long.toUnsignedString(inode) + " " + what, "")));
    }

    private @Nullable InodeRecord record(long inode) throws HoldfastException {
        byte[] value = items.get(NamespaceKeys.inode(inode));
        return value == null ? null : InodeRecord.decode(inode, value);
    }

    private void put(long inode, InodeRecord record) {
        items.put(NamespaceKeys.inode(inode), record.encode());
    }
}
