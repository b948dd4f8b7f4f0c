package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.btree.Generator;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import org.junit.jupiter.api.Test;

class XattrTest extends NamespaceFixture {
    private static final int[] SIZES = {
        0, 1, 1019, 1020, 1021, 1023, 1024, 1025, 2043, 2044, 2045, 4096, 32_768, 65_535, 65_536
    };

    @Test
    void valuesOfEverySizeReplaceEachOther() throws HoldfastException {
        create("/f");
        String name = "n".repeat(255);
        for (int first : SIZES) {
            for (int second : SIZES) {
                byte[] a = new Generator(first).bytes(first);
                byte[] b = new Generator(second + 1L).bytes(second);
                names.setXattr("/f", name, a);
                assertThat(names.getXattr("/f", name)).isEqualTo(a);
                names.setXattr("/f", name, b);
                assertThat(names.getXattr("/f", name)).isEqualTo(b);
            }
            assertThat(MemoryItems.problems(store.all())).isEmpty();
        }
        names.removeXattr("/f", name);
        assertThat(store.count(key -> NamespaceKeys.typeOf(key) == NamespaceKeys.ATTRIBUTE))
                .isZero();
    }

    @Test
    void namesThatArePrefixesOfEachOther() throws HoldfastException {
        create("/f");
        String[] all = {"a", "aa", "a/b", "ab", ".", "..", "user.ä", "x".repeat(255)};
        for (String name : all) {
            names.setXattr("/f", name, name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        assertThat(names.listXattrs("/f")).containsExactlyInAnyOrder(all).isSorted();
        names.removeXattr("/f", "a");
        for (String name : all) {
            if (name.equals("a")) {
                assertFails(ErrorCode.NO_ATTRIBUTE, () -> names.getXattr("/f", name));
                assertFails(ErrorCode.NO_ATTRIBUTE, () -> names.removeXattr("/f", name));
            } else {
                assertThat(names.getXattr("/f", name))
                        .isEqualTo(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void everyKindHasThemAndOnlyChangeTimeMoves() throws HoldfastException {
        create("/f");
        mkdir("/d");
        names.symlink("/s", "f");
        tick();
        for (String path : new String[] {"/f", "/d", "/s", "/"}) {
            assertThat(names.listXattrs(path)).isEmpty();
            names.setXattr(path, "user.me", new byte[] {1});
            assertThat(names.listXattrs(path)).containsExactly("user.me");
            assertThat(record(path).changeTime()).isEqualTo(now);
            assertThat(record(path).modifyTime()).isEqualTo(START);
        }
        names.remove("/s");
        names.remove("/d");
        names.remove("/f");
        assertThat(store.count(key -> NamespaceKeys.typeOf(key) == NamespaceKeys.ATTRIBUTE))
                .isOne();
    }

    @Test
    void boundsAreChecked() throws HoldfastException {
        create("/f");
        assertFails(ErrorCode.INVALID, () -> names.setXattr("/f", "a", new byte[65_537]));
        assertFails(ErrorCode.INVALID, () -> names.setXattr("/f", "", new byte[1]));
        assertFails(ErrorCode.INVALID, () -> names.setXattr("/f", "a\0", new byte[1]));
        assertFails(ErrorCode.NAME_TOO_LONG, () -> names.setXattr("/f", "a".repeat(256), new byte[1]));
        assertFails(ErrorCode.NOT_FOUND, () -> names.setXattr("/g", "a", new byte[1]));
        assertFails(ErrorCode.NO_ATTRIBUTE, () -> names.getXattr("/f", "a"));
        assertThat(names.listXattrs("/f")).isEmpty();
    }

    @Test
    void manyGoWithTheirInodeInSeveralCommits() throws HoldfastException {
        for (String path : new String[] {"/f", "/d", "/s"}) {
            switch (path) {
                case "/f" -> create(path);
                case "/d" -> mkdir(path);
                default -> names.symlink(path, "x");
            }
            for (int i = 0; i < 10; i++) {
                names.setXattr(path, "user." + i, new byte[65_536]);
            }
            int before = store.commits;
            names.remove(path);
            assertThat(store.commits - before).isGreaterThan(3);
            assertThat(MemoryItems.problems(store.all())).isEmpty();
        }
        assertThat(store.count(key -> NamespaceKeys.typeOf(key) == NamespaceKeys.ATTRIBUTE))
                .isZero();
        // Only the regular file is left to the engine.
        assertThat(store.count(key -> NamespaceKeys.typeOf(key) == NamespaceKeys.ORPHAN))
                .isOne();
        assertThat(unlinked).hasSize(1);
        assertThat(store.get(NamespaceKeys.orphan(unlinked.getFirst()))).containsExactly(1);
    }
}
