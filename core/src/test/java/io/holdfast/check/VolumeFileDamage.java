package io.holdfast.check;

import io.holdfast.device.MemoryDevice;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.format.LogRecord;
import io.holdfast.format.TreeRoot;
import io.holdfast.namespace.NamespaceKeys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Damages structures of a volume in a file that was closed. For tests of other modules. */
public final class VolumeFileDamage {
    private static final int PART_BYTES = 1 << 20;

    private final Path volume;
    private final MemoryDevice image;
    private final Planter planter;

    private VolumeFileDamage(Path volume, MemoryDevice image) throws IOException {
        this.volume = volume;
        this.image = image;
        this.planter = new Planter(image);
    }

    /** Reads a small volume into memory, to find its structures. */
    public static VolumeFileDamage of(Path volume) throws IOException {
        try (FileChannel channel = FileChannel.open(volume)) {
            long blocks = channel.size() / Block.SIZE;
            MemoryDevice image = new MemoryDevice("image", blocks);
            byte[] zeroes = new byte[Block.SIZE];
            ByteBuffer part = ByteBuffer.allocate(PART_BYTES);
            for (long first = 0; first < blocks; first += PART_BYTES / Block.SIZE) {
                part.clear();
                while (part.hasRemaining() && channel.read(part, first * Block.SIZE + part.position()) > 0) {}
                for (int at = 0; at + Block.SIZE <= part.position(); at += Block.SIZE) {
                    byte[] block = Arrays.copyOfRange(part.array(), at, at + Block.SIZE);
                    if (!Arrays.equals(block, zeroes)) {
                        image.setBlock(first + at / Block.SIZE, block);
                    }
                }
            }
            return new VolumeFileDamage(volume, image);
        }
    }

    /** Damages the node of a level on the way to a block of a file; returns its block on the device. */
    public long mapNode(long inode, long fileBlock, int level) throws IOException {
        return flip(planter.mapNode(inode, fileBlock, level));
    }

    /** Damages a block of a file; returns its block on the device. */
    public long data(long inode, long fileBlock) throws IOException {
        return flip(planter.data(inode, fileBlock));
    }

    /** Damages one slot of all copies of the superblock: that of the newest generation, or of the one before. */
    public void superblocks(boolean newest) throws IOException {
        long generation = planter.superblock().generation() - (newest ? 0 : 1);
        for (int copy = 0; copy < planter.layout().superblockCopies(); copy++) {
            flip(planter.layout().superblock(copy, (int) (generation % Layout.SUPERBLOCK_SLOTS)));
        }
    }

    /** Damages both copies of the newest root of the metadata tree; returns the first of their blocks. */
    public long treeRoot() throws IOException {
        TreeRoot root = planter.superblock().treeRoot();
        flip(root.copy());
        return flip(root.node().block());
    }

    /** Damages the leaf of the metadata tree that has a name in a directory; returns its block. */
    public long leafOfName(long directory, String name) throws IOException {
        return flip(planter.treeNode(PlantedVolume.key(directory, NamespaceKeys.ENTRY, name), 0));
    }

    /** Damages the leaf of the metadata tree that has the record of an inode; returns its block. */
    public long leafOfRecord(long inode) throws IOException {
        return flip(planter.treeNode(PlantedVolume.key(inode, NamespaceKeys.INODE), 0));
    }

    /** Damages the root of the space map. */
    public long spaceMap() throws IOException {
        return flip(planter.superblock().spaceRoot().block());
    }

    /** Returns how many records the log has. */
    public int logRecords() throws IOException {
        return planter.log().size();
    }

    /** Damages the header of a record of the log, and the twin of it; returns the block of the header. */
    public long logRecord(int index) throws IOException {
        LogRecord record = planter.log().get(index);
        flip(record.twin());
        return flip(record.block());
    }

    /** Damages the header of a record of the log, and not its twin. */
    public long logHeader(int index) throws IOException {
        return flip(planter.log().get(index).block());
    }

    /** Changes the kind that an entry of a directory gives; what is above is checksummed anew. */
    public void kindOfEntry(long directory, String name, int kind) throws IOException {
        planter.value(
                PlantedVolume.key(directory, NamespaceKeys.ENTRY, name), value -> value[Long.BYTES] = (byte) kind);
        writeBack();
    }

    /** Removes an entry of a directory; what is above is checksummed anew. */
    public void removeEntry(long directory, String name) throws IOException {
        planter.remove(PlantedVolume.key(directory, NamespaceKeys.ENTRY, name));
        writeBack();
    }

    /** Marks a free block as in use, and a block of a file as free; what is above is checksummed anew. */
    public void spaceBits(long inode) throws IOException {
        planter.flipSpaceBit(planter.freeBlock());
        planter.flipSpaceBit(planter.data(inode, 0));
        writeBack();
    }

    /** Marks free blocks as in use, and counts them so; what is above is checksummed anew. */
    public void leak(int blocks) throws IOException {
        planter.leak(blocks);
        writeBack();
    }

    private void writeBack() throws IOException {
        try (FileChannel channel = FileChannel.open(volume, StandardOpenOption.WRITE)) {
            for (long block : image.storedBlockNumbers()) {
                channel.write(ByteBuffer.wrap(image.block(block)), block * Block.SIZE);
            }
        }
    }

    /** Flips a bit of a block, or flips it back. */
    public long flip(long block) throws IOException {
        try (FileChannel channel = FileChannel.open(volume, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            long at = block * Block.SIZE + 4000;
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 8)).rewind();
            channel.write(one, at);
            return block;
        }
    }
}
