package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.btree.Generator;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.CursorProperty;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.FileKind;
import java.util.List;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class InodeAccessTest extends NamespaceFixture {
    private static final long ROOT = NamespaceKeys.ROOT;

    private InodeAccess inodes() {
        return names.inodes();
    }

    private long createIn(long directory, String name) throws HoldfastException {
        return inodes().create(directory, name, CreateOptions.file(), (inode, record) -> inode);
    }

    private void remove(long directory, String name) throws HoldfastException {
        inodes().remove(directory, name, Namespace.Taking.ANY);
    }

    /** Returns the path that opening by number finds, or a word. */
    private String pathOf(long inode) throws HoldfastException {
        return inodes().open(inode, (number, path) -> path == null ? "unknown" : path);
    }

    @Test
    void leadsWhereAPathLeads() throws HoldfastException {
        Inode d = inodes().mkdir(ROOT, "d", CreateOptions.directory().withMode(0700));
        long f = createIn(d.number(), "f");
        Inode s = inodes().symlink(d.number(), "s", "f");
        Inode linked = inodes().link(f, ROOT, "g");
        assertThat(names.status("/d")).isEqualTo(inodes().status(d.number()));
        assertThat(names.status("/d/f")).isEqualTo(inodes().lookup(d.number(), "f"));
        assertThat(names.status("/d/s")).isEqualTo(s);
        assertThat(names.status("/g")).isEqualTo(linked);
        assertThat(linked.record().links()).isEqualTo(2);
        assertThat(inodes().readLink(s.number())).isEqualTo("f");
        assertThat(inodes().parent(d.number())).isEqualTo(ROOT);
        assertThat(inodes().parent(ROOT)).isEqualTo(ROOT);
        assertThat(inodes().list(d.number(), "f", 9)).isEqualTo(names.list("/d", "f", 9));
        inodes().setAttributes(f, AttributeChange.mode(0600));
        inodes().setXattr(f, "user.x", new byte[] {1});
        assertThat(record("/g").mode()).isEqualTo(0600);
        assertThat(names.getXattr("/g", "user.x")).isEqualTo(inodes().getXattr(f, "user.x"));
        assertThat(inodes().listXattrs(f)).containsExactly("user.x");
        inodes().removeXattr(f, "user.x");
        assertThat(names.listXattrs("/d/f")).isEmpty();
        inodes().rename(d.number(), "f", ROOT, "d2", Namespace.Taking.ANY);
        assertThat(names.resolve("/d2", false)).isEqualTo(f);
        remove(ROOT, "d2");
        remove(ROOT, "g");
        assertThat(unlinked).containsExactly(f);
    }

    @Test
    void aNumberOfAnotherKindIsRefused() throws HoldfastException {
        long f = create("/f");
        names.symlink("/s", "f");
        long s = names.resolve("/s", false);
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> inodes().lookup(f, "x"));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> inodes().list(s, "", 1));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> createIn(f, "x"));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> inodes().parent(f));
        assertFails(ErrorCode.NOT_A_DIRECTORY, () -> inodes().requireDirectory(s));
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> pathOf(ROOT));
        assertFails(ErrorCode.IS_A_DIRECTORY, () -> inodes().link(ROOT, ROOT, "x"));
        assertFails(ErrorCode.INVALID, () -> pathOf(s));
        assertFails(ErrorCode.INVALID, () -> inodes().readLink(f));
        for (String name : List.of("", ".", "..", "a/b", "a\0")) {
            assertFails(ErrorCode.INVALID, () -> inodes().lookup(ROOT, name));
            assertFails(ErrorCode.INVALID, () -> createIn(ROOT, name));
        }
        assertFails(ErrorCode.NAME_TOO_LONG, () -> inodes().lookup(ROOT, "x".repeat(256)));
        assertFails(ErrorCode.INVALID, () -> inodes().list(ROOT, "", 0));
        assertFails(ErrorCode.NOT_FOUND, () -> inodes().lookup(ROOT, "none"));
        assertFails(ErrorCode.NOT_FOUND, () -> remove(ROOT, "none"));
        assertFails(ErrorCode.EXISTS, () -> createIn(ROOT, "f"));
    }

    @Test
    void aNumberWithoutANameIsStaleInEveryCall() throws HoldfastException {
        mkdir("/d");
        long d = names.resolve("/d", false);
        names.remove("/d");
        long f = create("/f");
        // Open, as an engine has it: the record lives on.
        open.records.put(f, names.read(f));
        names.remove("/f");
        assertThat(open.records.get(f).links()).isZero();
        for (long inode : new long[] {d, f, 0, -1, Long.MIN_VALUE, 4711, Long.MAX_VALUE}) {
            List<ThrowingCallable> calls = List.of(
                    () -> inodes().lookup(inode, "x"),
                    () -> inodes().status(inode),
                    () -> inodes().parent(inode),
                    () -> inodes().requireDirectory(inode),
                    () -> inodes().list(inode, "", 1),
                    () -> inodes().readLink(inode),
                    () -> pathOf(inode),
                    () -> createIn(inode, "x"),
                    () -> inodes().mkdir(inode, "x", CreateOptions.directory()),
                    () -> inodes().symlink(inode, "x", "y"),
                    () -> inodes().link(inode, ROOT, "x"),
                    () -> inodes().rename(ROOT, "x", inode, "y", Namespace.Taking.ANY),
                    () -> inodes().rename(inode, "y", ROOT, "x", Namespace.Taking.ANY),
                    () -> remove(inode, "x"),
                    () -> inodes().setAttributes(inode, AttributeChange.mode(0)),
                    () -> inodes().setXattr(inode, "user.x", new byte[0]),
                    () -> inodes().getXattr(inode, "user.x"),
                    () -> inodes().listXattrs(inode),
                    () -> inodes().removeXattr(inode, "user.x"));
            calls.forEach(call -> assertFails(ErrorCode.STALE, call));
        }
        assertThat(list("/")).isEmpty();
        assertThat(create("/g")).isGreaterThan(f);
        open.records.clear();
    }

    @Test
    void whoOpensByNumberIsToldThePathIfItIsKnown() throws HoldfastException {
        mkdir("/a");
        mkdir("/a/b");
        long f = create("/a/b/f");
        names.resolve("/a/b/f", false);
        assertThat(pathOf(f)).isEqualTo("/a/b/f");
        // The name of the file is another one now, or that of a directory above it.
        names.rename("/a", "/c");
        assertThat(pathOf(f)).isEqualTo("/c/b/f");
        names.rename("/c/b/f", "/c/b/g");
        assertThat(pathOf(f)).isEqualTo("unknown");
        long b = names.resolve("/c/b", false);
        assertThat(inodes().lookup(b, "g").number()).isEqualTo(f);
        assertThat(pathOf(f)).isEqualTo("/c/b/g");
        // Another file has the name, or the directory is another one.
        names.rename("/c/b/g", "/c/b/h");
        create("/c/b/g");
        assertThat(pathOf(f)).isEqualTo("unknown");
        names = namespace();
        assertThat(pathOf(f)).isEqualTo("unknown");
        // Directories that nobody has looked up are found in those that hold them.
        assertThat(inodes().lookup(b, "h").number()).isEqualTo(f);
        assertThat(pathOf(f)).isEqualTo("/c/b/h");
    }

    @Test
    void aDirectoryIsFoundAmongMany() throws HoldfastException {
        mkdir("/many");
        for (int i = 0; i < 1000; i++) {
            mkdir("/many/" + i);
        }
        long last = names.resolve("/many/999", false);
        names = namespace();
        StringBuilder told = new StringBuilder();
        createIn(last, "f");
        inodes().remove(last, "f", (path, inode) -> told.append(path));
        assertThat(told).hasToString("/many/999/f");
    }

    @Test
    void numbersAreNotGivenTwice() throws HoldfastException {
        long before = create("/f");
        names.remove("/f");
        for (int i = 0; i < 3; i++) {
            names = namespace();
            long inode = createIn(ROOT, "f");
            assertThat(inode).isGreaterThan(before);
            before = inode;
            remove(ROOT, "f");
        }
    }

    static LongStream seeds() {
        return Generator.seeds(30);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aCursorReturnsWhatStaysExactlyOnce(long seed) throws HoldfastException {
        mkdir("/d");
        long d = names.resolve("/d", false);
        CursorProperty.check(
                new CursorProperty.Directory() {
                    @Override
                    public DirectoryCursor cursor() {
                        return new DirectoryCursor((after, limit) -> inodes().list(d, after, limit));
                    }

                    @Override
                    public void add(String name) throws HoldfastException {
                        createIn(d, name);
                    }

                    @Override
                    public void remove(String name) throws HoldfastException {
                        InodeAccessTest.this.remove(d, name);
                    }

                    @Override
                    public void rename(String from, String to) throws HoldfastException {
                        inodes().rename(d, from, d, to, Namespace.Taking.ANY);
                    }
                },
                seed);
        assertThat(inodes().status(d).record().kind()).isEqualTo(FileKind.DIRECTORY);
    }
}
