package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.metadata.InodeMark;
import io.holdfast.volume.FileKind;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Checks all items of a volume against each other. Give it every item in key order, then call {@link #finish}. It takes
 * any content, reports what is wrong and goes on. Used by one thread, once.
 *
 * <p>Of items of block maps it checks only that they belong to a regular file.
 *
 * <p>Invariant: {@code inode} is the number of the items that are passing. {@code record} is its record, if a sound one
 * has passed. The table has what is known of all others.
 */
public final class NamespaceCheck {
    private static final String INODE = "inode";
    private static final String ENTRY = "directory entry";
    private static final int LINK_NUMBER_SIZE = 2;
    private static final int ATTRIBUTE_NUMBER_SIZE = 1;

    private final Problems problems;
    private final InodeTable table = new InodeTable();
    private final ChunkCheck chunks = new ChunkCheck();
    private long highWater = -1;
    private long inode;
    private @Nullable InodeRecord record;
    private boolean hasTarget;
    /** The bytes of the link target that is passing, up to the longest possible target. */
    private final ByteArrayOutputStream target = new ByteArrayOutputStream();

    /**
     * Hears what is wrong. {@code fault} is what a repair may do about it; {@code structure} is a name for {@code CheckReport.Problem}; {@code inode} is the number of
     * the file that has the problem, or -1.
     */
    @FunctionalInterface
    public interface Problems {
        void problem(ItemFault fault, String structure, long inode, String message);
    }

    /**
     * What a check has counted.
     *
     * @param files regular files and symbolic links, also those without a name that are still to be freed
     */
    public record Counts(long files, long directories) {}

    public NamespaceCheck(Problems problems) {
        this.problems = problems;
    }

    /** Takes the next item. */
    public void item(Item item) {
        byte[] key = item.key();
        byte[] value = item.value();
        if (key.length < NamespaceKeys.PREFIX_SIZE || value == null) {
            problems.problem(ItemFault.OTHER, INODE, -1, "an item with a key of " + key.length + " bytes is malformed");
            return;
        }
        if (NamespaceKeys.inodeOf(key) != inode) {
            endInode();
            inode = NamespaceKeys.inodeOf(key);
        }
        switch (NamespaceKeys.typeOf(key)) {
            case NamespaceKeys.INODE -> record(key, value);
            case NamespaceKeys.ENTRY -> entry(key, value);
            case NamespaceKeys.LINK_TARGET -> linkTarget(key, value);
            case NamespaceKeys.ATTRIBUTE -> attribute(key, value);
            case NamespaceKeys.MAP -> map(key);
            case NamespaceKeys.ORPHAN -> orphan(item);
            case NamespaceKeys.HIGH_WATER -> highWater(key, value);
            case NamespaceKeys.DEAD_TREE -> {
                if (inode != NamespaceKeys.VOLUME || key.length != NamespaceKeys.PREFIX_SIZE + Long.BYTES) {
                    inodeProblem(inode, "has a misplaced or malformed dead tree item");
                }
            }
            case NamespaceKeys.LOST_NODE -> {
                if (inode != NamespaceKeys.VOLUME) {
                    inodeProblem(inode, "has a misplaced lost node item");
                }
            }
            case NamespaceKeys.LAST_CHECK -> lastCheck(key, value);
            case NamespaceKeys.LOSS -> {
                if (inode != NamespaceKeys.VOLUME || LossItem.of(item) == null) {
                    inodeProblem(inode, "has a misplaced or malformed item of lost writes");
                }
            }
            default -> inodeProblem(inode, "has an item of unknown type " + NamespaceKeys.typeOf(key));
        }
    }

    /** Compares everything that has passed. Call it after the last item. */
    public Counts finish() {
        endInode();
        if (highWater < 0) {
            inodeProblem(new ItemFault.HighWater(), NamespaceKeys.VOLUME, "has no high-water mark of inode numbers");
        }
        return new InodeTableCheck(table, problems).run(highWater);
    }

    /** Ends the items without comparing them with those of other inodes, which have not passed. */
    public void endItems() {
        endInode();
    }

    private void endInode() {
        endChunks();
        if (record != null && record.kind() == FileKind.SYMLINK && !hasTarget) {
            inodeProblem(inode, "is a symbolic link without target");
        }
        if (target.size() > 0 && LinkTargets.text(target.toByteArray()) == null) {
            inodeProblem(inode, "has a link target that is not text");
        }
        target.reset();
        record = null;
        hasTarget = false;
    }

    private void endChunks() {
        if (!chunks.end()) {
            inodeProblem(inode, "has a link target or an attribute that is not whole");
        }
    }

    private void record(byte[] key, byte[] value) {
        if (inode == NamespaceKeys.VOLUME || key.length != NamespaceKeys.PREFIX_SIZE) {
            inodeProblem(inode, "has a malformed key for its record");
            return;
        }
        int row = table.row(inode);
        try {
            record = InodeRecord.decode(inode, value);
            table.kind[row] = Kinds.code(record.kind());
            table.links[row] = record.links();
            table.parent[row] = record.parent();
        } catch (HoldfastException e) {
            table.kind[row] = InodeTable.DAMAGED;
            problems.problem(ItemFault.OTHER, INODE, inode, String.valueOf(e.getMessage()));
        }
    }

    private void map(byte[] key) {
        belongsTo(FileKind.REGULAR, "a block map");
        if (key.length != NamespaceKeys.PREFIX_SIZE) {
            inodeProblem(inode, "has a malformed key for its map item");
        }
    }

    private void entry(byte[] key, byte[] value) {
        belongsTo(FileKind.DIRECTORY, "directory entries");
        if (inode == NamespaceKeys.VOLUME) {
            return;
        }
        int from = NamespaceKeys.PREFIX_SIZE;
        if (Names.storedEntry(key, from, key.length - from) == null) {
            problems.problem(
                    ItemFault.OTHER,
                    ENTRY,
                    inode,
                    "a name in directory " + Long.toUnsignedString(inode) + " is malformed");
        }
        try {
            Entry entry = Directories.decode(inode, value);
            byte kind = Kinds.code(entry.kind());
            int row = table.row(entry.inode());
            table.names[row]++;
            if (table.entryKind[row] != 0 && table.entryKind[row] != kind) {
                problems.problem(
                        new ItemFault.WrongKind(entry.inode()),
                        ENTRY,
                        entry.inode(),
                        "entries for inode " + Long.toUnsignedString(entry.inode()) + " differ in its kind");
            }
            table.entryKind[row] = kind;
            if (entry.isDirectory()) {
                table.namedIn[row] = inode;
                table.subdirectories[table.find(inode)]++;
            }
        } catch (HoldfastException e) {
            problems.problem(ItemFault.OTHER, ENTRY, inode, String.valueOf(e.getMessage()));
        }
    }

    private void linkTarget(byte[] key, byte[] value) {
        belongsTo(FileKind.SYMLINK, "a link target");
        if (key.length != NamespaceKeys.PREFIX_SIZE + LINK_NUMBER_SIZE) {
            inodeProblem(inode, "has a malformed key for its link target");
            return;
        }
        hasTarget = true;
        // Without a record the size is unknown. The missing record is reported anyway.
        if (record != null && !chunks.continues(key, LINK_NUMBER_SIZE)) {
            endChunks();
            chunks.begin(key, LINK_NUMBER_SIZE, record.size());
        }
        if (record != null) {
            chunks.chunk(key, value);
        }
        if (target.size() + value.length <= LinkTargets.LENGTH_MAX) {
            target.writeBytes(value);
        }
    }

    private void attribute(byte[] key, byte[] value) {
        belongsTo(null, "attributes");
        int row = table.find(inode);
        if (row >= 0 && table.orphan[row] == InodeTable.ORPHAN_WITH_ATTRIBUTES) {
            // The namespace is purging the attributes, so they need not be whole.
            return;
        }
        if (row >= 0 && table.orphan[row] == InodeTable.ORPHAN) {
            inodeProblem(inode, "is an orphan that should have no attributes left");
            return;
        }
        byte[] name = Attributes.nameOf(key);
        if (Names.storedAttribute(name) == null) {
            inodeProblem(inode, "has an attribute with a malformed name");
            return;
        }
        if (!chunks.continues(key, ATTRIBUTE_NUMBER_SIZE)) {
            endChunks();
            chunks.begin(key, ATTRIBUTE_NUMBER_SIZE, ChunkCheck.attributeBytes(value));
        }
        chunks.chunk(key, value);
    }

    private void orphan(Item item) {
        Orphan orphan = inode == NamespaceKeys.VOLUME ? Orphan.of(item) : null;
        if (orphan == null) {
            inodeProblem(inode, "has a malformed orphan item");
        } else {
            int row = table.row(orphan.inode());
            table.orphan[row] = orphan.attributesLeft() ? InodeTable.ORPHAN_WITH_ATTRIBUTES : InodeTable.ORPHAN;
        }
    }

    private void highWater(byte[] key, byte[] value) {
        highWater =
                inode == NamespaceKeys.VOLUME && key.length == NamespaceKeys.PREFIX_SIZE ? InodeMark.decode(value) : -1;
        if (highWater < 0) {
            inodeProblem(new ItemFault.HighWater(), inode, "has a malformed high-water mark of inode numbers");
            highWater = Long.MAX_VALUE;
        }
    }

    private void lastCheck(byte[] key, byte[] value) {
        if (inode != NamespaceKeys.VOLUME || key.length != NamespaceKeys.PREFIX_SIZE) {
            inodeProblem(inode, "has a misplaced item of the last check");
            return;
        }
        try {
            CheckItem.decode(value);
        } catch (HoldfastException e) {
            problems.problem(ItemFault.OTHER, INODE, -1, String.valueOf(e.getMessage()));
        }
    }

    /** Notes that the inode has an item that only inodes of this kind have; null means any kind. */
    private void belongsTo(@Nullable FileKind kind, String what) {
        if (inode == NamespaceKeys.VOLUME) {
            inodeProblem(inode, "has " + what);
            return;
        }
        table.row(inode);
        if (kind != null && record != null && record.kind() != kind) {
            inodeProblem(inode, "is a " + record.kind() + " and has " + what);
        }
    }

    private void inodeProblem(long number, String what) {
        inodeProblem(ItemFault.OTHER, number, what);
    }

    private void inodeProblem(ItemFault fault, long number, String what) {
        long file = number == NamespaceKeys.VOLUME ? -1 : number;
        problems.problem(fault, INODE, file, "inode " + Long.toUnsignedString(number) + " " + what);
    }
}
