package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ATTRIBUTE;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.HIGH_WATER;
import static io.holdfast.namespace.NamespaceKeys.INODE;
import static io.holdfast.namespace.NamespaceKeys.LINK_TARGET;
import static io.holdfast.namespace.NamespaceKeys.ORPHAN;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;

import io.holdfast.format.Item;
import io.holdfast.format.LittleEndian;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in what is stored about an inode: record, link target, attributes, marks. */
class PlantedInodeDamageTest extends PlantedDamage {
    private final byte[] record = key(volume.middle, INODE);

    private void assertInode(long inode, String message) throws Exception {
        assertFound("inode", NO_BLOCK, "inode " + inode + " " + message);
    }

    @Test
    void anUnknownKind() throws Exception {
        planter.value(record, v -> v[1] = 9);
        assertFound("inode", NO_BLOCK, "its kind is 9");
    }

    @Test
    void anUnknownVersion() throws Exception {
        planter.value(record, v -> v[0] = 2);
        assertFound("inode", NO_BLOCK, "version 2");
    }

    @Test
    void anotherKindThanItsEntrySays() throws Exception {
        planter.value(key(volume.link, INODE), v -> {
            v[1] = 1;
        });
        assertInode(volume.link, "is of another kind than its directory entry says");
    }

    @Test
    void aWrongLinkCount() throws Exception {
        planter.value(record, v -> v[16] = 2);
        assertInode(volume.middle, "has link count 2 where 1 is right");
    }

    @Test
    void aWrongLinkCountOfADirectory() throws Exception {
        planter.value(key(ROOT, INODE), v -> v[16] = 2);
        assertInode(ROOT, "has link count 2 where 3 is right");
    }

    @Test
    void impossibleBits() throws Exception {
        planter.value(record, v -> v[20] = 1);
        assertFound("inode", NO_BLOCK, "inode " + volume.middle);
    }

    @Test
    void anImpossibleTime() throws Exception {
        planter.value(record, v -> LittleEndian.putInt(v, 72, 1_000_000_000));
        assertFound("inode", NO_BLOCK, "a time is out of range");
    }

    @Test
    void nothing() throws Exception {
        planter.remove(record);
        assertFound("directory entry", NO_BLOCK, "lead to inode " + volume.middle + ", which has no record");
    }

    @Test
    void nothingForTheRoot() throws Exception {
        planter.remove(key(ROOT, INODE));
        assertInode(ROOT, "is the root directory and has no record");
    }

    @Test
    void noName() throws Exception {
        planter.remove(key(ROOT, ENTRY, "raw"));
        assertInode(volume.raw, "has no name");
    }

    @Test
    void anotherParent() throws Exception {
        planter.value(key(volume.subdirectory, INODE), v -> LittleEndian.putLong(v, 32, ROOT));
        assertInode(volume.subdirectory, "is a directory in inode " + volume.directory + " and believes to be in 1");
    }

    @Test
    void anItemOfAnUnknownType() throws Exception {
        planter.item(key(volume.middle, 77), new byte[3]);
        assertInode(volume.middle, "has an item of unknown type 77");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8})
    void aKeyThatIsTooShort(int length) throws Exception {
        byte[] key = new byte[length];
        key[0] = 0x7f;
        planter.item(key, new byte[3]);
        assertFound("inode", NO_BLOCK, "a key of " + length + " bytes");
    }

    @Test
    void aHighWaterMarkThatIsTooLow() throws Exception {
        planter.value(key(VOLUME, HIGH_WATER), v -> LittleEndian.putLong(v, 0, volume.middle));
        assertInode(volume.middle, "is not below the high-water mark " + volume.middle);
    }

    @Test
    void noHighWaterMark() throws Exception {
        planter.treeItems(key(VOLUME, HIGH_WATER), 0, items -> {
            items.removeFirst();
            items.addFirst(new Item(key(VOLUME, HIGH_WATER, (byte) 1), new byte[8]));
        });
        assertInode(VOLUME, "has a malformed high-water mark");
    }

    @Test
    void anOrphanThatHasAName() throws Exception {
        planter.item(orphan(volume.middle), new byte[] {1});
        assertInode(volume.middle, "is marked as an orphan and has 1 names");
    }

    @Test
    void anOrphanOfNoKind() throws Exception {
        planter.item(orphan(volume.middle), new byte[] {8});
        assertInode(VOLUME, "has a malformed orphan item");
    }

    @Test
    void aMarkForTheRoot() throws Exception {
        planter.item(orphan(ROOT), new byte[] {2});
        assertInode(VOLUME, "has a malformed orphan item");
    }

    private byte[] orphan(long inode) {
        return key(VOLUME, ORPHAN, ByteBuffer.allocate(8).putLong(inode).array());
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, 1, 2, 3})
    void aGapInALinkTarget(byte chunk) throws Exception {
        planter.remove(key(volume.link, LINK_TARGET, (byte) 0, chunk));
        assertInode(volume.link, "has a link target or an attribute that is not whole");
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, 1, 2})
    void aGapInAnAttribute(byte chunk) throws Exception {
        planter.remove(attribute(chunk));
        assertInode(volume.attributed, "has a link target or an attribute that is not whole");
    }

    @Test
    void anAttributeOfAnotherLength() throws Exception {
        planter.value(attribute((byte) 0), v -> LittleEndian.putInt(v, 0, 2999));
        assertInode(volume.attributed, "has a link target or an attribute that is not whole");
    }

    private byte[] attribute(byte chunk) {
        byte[] name = "user.long".getBytes(StandardCharsets.UTF_8);
        return key(
                volume.attributed,
                ATTRIBUTE,
                ByteBuffer.allocate(name.length + 2)
                        .put((byte) name.length)
                        .put(name)
                        .put(chunk)
                        .array());
    }
}
