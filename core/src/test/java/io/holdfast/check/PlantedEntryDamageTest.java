package io.holdfast.check;

import static io.holdfast.check.PlantedVolume.key;
import static io.holdfast.namespace.NamespaceKeys.ENTRY;
import static io.holdfast.namespace.NamespaceKeys.LAST_CHECK;
import static io.holdfast.namespace.NamespaceKeys.LOSS;
import static io.holdfast.namespace.NamespaceKeys.ROOT;
import static io.holdfast.namespace.NamespaceKeys.VOLUME;

import io.holdfast.format.LittleEndian;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage planted in directory entries. */
class PlantedEntryDamageTest extends PlantedDamage {
    @Test
    void anInodeThatIsMissing() throws Exception {
        planter.item(key(ROOT, ENTRY, "zero"), entry(volume.canary + 9, 1));
        assertFound("directory entry", NO_BLOCK, "1 names lead to inode " + (volume.canary + 9));
    }

    @Test
    void aWrongKind() throws Exception {
        planter.value(key(ROOT, ENTRY, "raw"), v -> v[8] = 3);
        assertFound("inode", NO_BLOCK, "inode " + volume.raw + " is of another kind than its directory entry says");
    }

    @Test
    void anImpossibleKind() throws Exception {
        planter.value(key(ROOT, ENTRY, "raw"), v -> v[8] = 4);
        assertFound("directory entry", NO_BLOCK, "malformed");
    }

    /** Lost keys, snapshots and their names, dirty bitmaps, policies, quotas: reserved. */
    @ParameterizedTest
    @ValueSource(ints = {10, 11, 12, 13, 14, 15, 18, 255})
    void anItemOfTheFuture(int type) throws Exception {
        planter.item(key(volume.raw, type, "x"), new byte[8]);
        assertFound("inode", NO_BLOCK, "inode %d has an item of unknown type %d".formatted(volume.raw, type));
    }

    @Test
    void aLossThatIsNotEmpty() throws Exception {
        planter.item(key(volume.raw, LOSS), new byte[1]);
        assertFound(
                "inode", NO_BLOCK, "inode %d has a misplaced or malformed item of lost writes".formatted(volume.raw));
    }

    @Test
    void aLastCheckOfAFile() throws Exception {
        planter.item(key(volume.raw, LAST_CHECK), new byte[64]);
        assertFound("inode", NO_BLOCK, "inode %d has a misplaced item of the last check".formatted(volume.raw));
    }

    @Test
    void aLastCheckThatIsTooShort() throws Exception {
        planter.item(key(VOLUME, LAST_CHECK), new byte[63]);
        assertFound("inode", NO_BLOCK, "the item of the last check is malformed: it has 63 bytes, not 64");
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 15, 23, 31, 39, 47, 55})
    void aLastCheckWithAnImpossibleNumber(int highestByte) throws Exception {
        byte[] value = new byte[64];
        value[highestByte] = -1;
        planter.item(key(VOLUME, LAST_CHECK), value);
        assertFound("inode", NO_BLOCK, "the item of the last check is malformed: a number in it is out of range");
    }

    @Test
    void entriesThatDiffer() throws Exception {
        planter.item(key(ROOT, ENTRY, "raw2"), entry(volume.raw, 3));
        assertFound("directory entry", NO_BLOCK, "entries for inode " + volume.raw + " differ in its kind");
    }

    @Test
    void aDirectoryInTwoDirectories() throws Exception {
        planter.item(key(ROOT, ENTRY, "sub"), entry(volume.subdirectory, 2));
        assertFound("inode", NO_BLOCK, "inode " + volume.subdirectory + " is a directory with 2 names");
    }

    @Test
    void aDirectoryInsideItself() throws Exception {
        planter.remove(key(ROOT, ENTRY, "dir"));
        planter.item(key(volume.subdirectory, ENTRY, "dir"), entry(volume.directory, 2));
        assertFound("inode", NO_BLOCK, "is a directory inside itself and not reachable");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "..", "\0"})
    void anImpossibleName(String name) throws Exception {
        planter.item(key(ROOT, ENTRY, name), entry(volume.raw, 1));
        assertFound("directory entry", NO_BLOCK, "a name in directory 1 is malformed");
    }

    @Test
    void anEntryInAFile() throws Exception {
        planter.item(key(volume.middle, ENTRY, "x"), entry(volume.raw, 1));
        assertFound("inode", NO_BLOCK, "inode " + volume.middle + " is a REGULAR and has directory entries");
    }

    private byte[] entry(long inode, int kind) {
        byte[] value = new byte[9];
        LittleEndian.putLong(value, 0, inode);
        value[8] = (byte) kind;
        return value;
    }
}
