package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenameTest extends NamespaceFixture {
    /** What is moved, onto what, in one directory and into another; and how it ends. */
    @ParameterizedTest
    @CsvSource({
        "file, none, ",
        "file, file, ",
        "file, link, ",
        "file, empty, IS_A_DIRECTORY",
        "file, full, IS_A_DIRECTORY",
        "link, none, ",
        "link, file, ",
        "link, link, ",
        "link, empty, IS_A_DIRECTORY",
        "empty, none, ",
        "empty, file, NOT_A_DIRECTORY",
        "empty, link, NOT_A_DIRECTORY",
        "empty, empty, ",
        "empty, full, DIRECTORY_NOT_EMPTY",
        "full, none, ",
        "full, file, NOT_A_DIRECTORY",
        "full, empty, ",
        "full, full, DIRECTORY_NOT_EMPTY",
        "none, none, NOT_FOUND",
        "none, file, NOT_FOUND",
    })
    void matrix(String from, String to, ErrorCode error) throws HoldfastException {
        mkdir("/other");
        for (String target : new String[] {"/to", "/other/to"}) {
            make("/from", from);
            make(target, to);
            int rootLinks = record("/").links();
            tick();
            if (error != null) {
                assertFails(error, () -> names.rename("/from", target));
                assertThat(record("/").links()).isEqualTo(rootLinks);
                assertThat(record("/").modifyTime()).isNotEqualTo(now);
            } else {
                long moved = names.resolve("/from", false);
                long replaced = to.equals("none") ? 0 : names.resolve(target, false);
                names.rename("/from", target);
                assertThat(names.resolve(target, false)).isEqualTo(moved);
                assertFails(ErrorCode.NOT_FOUND, () -> names.status("/from"));
                assertThat(record(target).changeTime()).isEqualTo(now);
                assertThat(record("/").modifyTime()).isEqualTo(now);
                if (replaced != 0) {
                    assertThat(store.get(NamespaceKeys.inode(replaced))).isNull();
                }
                assertThat(unlinked.contains(replaced)).isEqualTo(to.equals("file"));
            }
            assertThat(MemoryItems.problems(store.all())).isEmpty();
            clear("/from", error != null ? from : "none");
            clear(target, error != null ? to : from);
        }
    }

    @Test
    void ontoItselfOrAnotherNameOfItDoesNothing() throws HoldfastException {
        create("/a");
        names.link("/a", "/b");
        mkdir("/d");
        int commits = store.commits;
        names.rename("/a", "/a");
        names.rename("/d", "/d/../d/");
        names.rename("/a", "/b");
        assertThat(store.commits).isEqualTo(commits);
        assertThat(list("/")).containsExactly("a", "b", "d");
    }

    @Test
    void aDirectoryCannotGoIntoItself() throws HoldfastException {
        mkdir("/a");
        mkdir("/a/b");
        mkdir("/a/b/c");
        names.symlink("/s", "a/b");
        assertFails(ErrorCode.INVALID, () -> names.rename("/a", "/a/x"));
        assertFails(ErrorCode.INVALID, () -> names.rename("/a", "/a/b/c/x"));
        assertFails(ErrorCode.INVALID, () -> names.rename("/a", "/s/x"));
        assertFails(ErrorCode.INVALID, () -> names.rename("/a", "/a/b"));
        assertFails(ErrorCode.DIRECTORY_NOT_EMPTY, () -> names.rename("/a/b/c", "/a"));
        assertFails(ErrorCode.INVALID, () -> names.rename("/", "/a/x"));
        assertFails(ErrorCode.INVALID, () -> names.rename("/a", "/"));
        assertFails(ErrorCode.NOT_FOUND, () -> names.rename("/a", "/none/x"));
        names.rename("/a/b", "/b");
        names.rename("/a", "/b/c/a");
        assertThat(record("/b/c/a").parent()).isEqualTo(names.resolve("/b/c", false));
        assertFails(ErrorCode.INVALID, () -> names.rename("/b", "/b/c/a/b"));
    }

    @Test
    void aReplacedFileWithAnotherNameLives() throws HoldfastException {
        create("/a");
        long b = create("/b");
        names.link("/b", "/c");
        names.rename("/a", "/b");
        assertThat(record("/c").links()).isEqualTo(1);
        assertThat(names.resolve("/c", false)).isEqualTo(b);
        assertThat(unlinked).isEmpty();
    }

    @Test
    void symlinksThemselvesAreMoved() throws HoldfastException {
        mkdir("/d");
        names.symlink("/s", "d");
        names.rename("/s", "/t");
        assertThat(names.readLink("/t")).isEqualTo("d");
        create("/f");
        names.rename("/f", "/t/f");
        assertThat(list("/d")).containsExactly("f");
    }

    private void make(String path, String what) throws HoldfastException {
        switch (what) {
            case "file" -> create(path);
            case "link" -> names.symlink(path, "target");
            case "empty" -> mkdir(path);
            case "full" -> {
                mkdir(path);
                mkdir(path + "/x");
            }
            default -> {}
        }
    }

    private void clear(String path, String what) throws HoldfastException {
        if (what.equals("full")) {
            names.remove(path + "/x");
        }
        if (!what.equals("none")) {
            names.remove(path);
        }
    }
}
