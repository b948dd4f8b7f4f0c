package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathTest extends NamespaceFixture {
    @ParameterizedTest
    @ValueSource(
            strings = {"/a/b", "//a//b", "/a/b/", "/./a/./b/.", "/a/../a/b", "/../../a/b", "/none/../a/b", "/a/b/c/.."})
    void spellingsOfOnePath(String path) throws HoldfastException {
        mkdir("/a");
        long inode = create("/a/b");
        assertThat(names.resolve(path, false)).isEqualTo(inode);
    }

    @Test
    void pathsAreAbsolute() {
        for (String path : new String[] {"", "a", "./a", "a/b", "x".repeat(100_000)}) {
            assertFails(ErrorCode.INVALID, () -> names.resolve(path, true));
            assertFails(ErrorCode.INVALID, () -> create(path));
        }
    }

    @Test
    void namesHaveUpTo255BytesOfUtf8() throws HoldfastException {
        for (String name :
                new String[] {"x".repeat(255), "ä".repeat(127), "\u20ac".repeat(85), "𝄞".repeat(63), "..."}) {
            create("/" + name);
            assertThat(list("/")).contains(name);
            mkdir("/d");
            names.rename("/" + name, "/d/" + name);
            names.remove("/d/" + name);
            names.remove("/d");
        }
        for (String name : new String[] {"x".repeat(256), "ä".repeat(128), "\u20ac".repeat(86), "x".repeat(20_000)}) {
            assertFails(ErrorCode.NAME_TOO_LONG, () -> create("/" + name));
            assertFails(ErrorCode.NAME_TOO_LONG, () -> names.status("/" + name));
            assertFails(ErrorCode.NAME_TOO_LONG, () -> names.list("/", name, 1));
        }
    }

    @Test
    void namesThatAreNotText() {
        for (String name : new String[] {"a\0b", "\0", "\ud800", "a\udc00b", "\udc00\ud800"}) {
            assertFails(ErrorCode.INVALID, () -> create("/" + name));
            assertFails(ErrorCode.INVALID, () -> names.status("/" + name));
        }
        assertFails(ErrorCode.INVALID, () -> names.symlink("/s", ""));
        assertFails(ErrorCode.INVALID, () -> names.symlink("/s", "a\0"));
        assertFails(ErrorCode.INVALID, () -> names.symlink("/s", "\ud800"));
        assertFails(ErrorCode.NAME_TOO_LONG, () -> names.symlink("/s", "x".repeat(4096)));
    }

    @Test
    void pathsAreBounded() throws HoldfastException {
        StringBuilder path = new StringBuilder();
        while (path.length() + 200 <= Paths.LENGTH_MAX) {
            path.append('/').append("d".repeat(199));
            mkdir(path.toString());
        }
        path.append("/".repeat(Paths.LENGTH_MAX - path.length()));
        assertThat(record(path.toString()).links()).isEqualTo(2);
        assertFails(ErrorCode.NAME_TOO_LONG, () -> names.status(path + "/"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 1023, 1024, 1025, 2048, 4094, 4095})
    void symlinkTargetsOfAnyLength(int length) throws HoldfastException {
        String target = "t".repeat(length);
        names.symlink("/s", target);
        assertThat(names.readLink("/s")).isEqualTo(target);
        assertThat(record("/s").size()).isEqualTo(length);
        assertThat(record("/s").mode()).isEqualTo(0777);
        names.remove("/s");
        assertThat(store.all()).hasSize(2);
        assertThat(unlinked).isEmpty();
    }

    @Test
    void symlinksAreFollowed() throws HoldfastException {
        mkdir("/a");
        mkdir("/a/b");
        long file = create("/a/b/f");
        names.symlink("/a/up", "../a/./b//f");
        names.symlink("/a/b/abs", "/a/up");
        names.symlink("/far", "a/b");
        names.symlink("/a/b/out", "../..");
        names.symlink("/a/b/top", "/..");
        names.symlink("/toolong", "x".repeat(256) + "/y");
        assertThat(names.resolve("/a/up", true)).isEqualTo(file);
        assertThat(names.resolve("/far/abs", true)).isEqualTo(file);
        assertThat(names.resolve("/far/f", false)).isEqualTo(file);
        // Out of the directory that really holds the link, not of the one in the path; above the root is the root.
        assertThat(names.resolve("/far/out", true)).isEqualTo(NamespaceKeys.ROOT);
        assertThat(names.resolve("/a/b/top", true)).isEqualTo(NamespaceKeys.ROOT);
        assertThat(names.resolve("/far/out/a/b/out/far/f", true)).isEqualTo(file);
        assertThat(names.resolve("/a/up", false)).isNotEqualTo(file);
        assertFails(ErrorCode.NAME_TOO_LONG, () -> names.resolve("/toolong", true));
        assertFails(ErrorCode.INVALID, () -> names.readLink("/a/b/f"));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> names.list("/far", "", 1));
        create("/far/new");
        assertThat(list("/a/b")).contains("new");
    }

    @Test
    void symlinkLoopsEnd() throws HoldfastException {
        names.symlink("/a", "b");
        names.symlink("/b", "/a");
        names.symlink("/self", "self/self/self");
        for (String path : new String[] {"/a", "/b", "/self"}) {
            assertFails(ErrorCode.TOO_MANY_SYMLINKS, () -> names.resolve(path, true));
            assertFails(ErrorCode.TOO_MANY_SYMLINKS, () -> create(path + "/f"));
        }
        create("/file");
        names.symlink("/l0", "file");
        for (int i = 1; i <= PathWalk.SYMLINKS_MAX; i++) {
            names.symlink("/l" + i, "l" + (i - 1));
        }
        assertThat(names.resolve("/l39", true)).isEqualTo(names.resolve("/file", true));
        assertFails(ErrorCode.TOO_MANY_SYMLINKS, () -> names.resolve("/l40", true));
    }
}
