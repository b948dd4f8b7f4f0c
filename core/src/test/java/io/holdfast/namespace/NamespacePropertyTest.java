package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.btree.Generator;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FileKind;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random operations on few names against a tree of objects; results, errors and the whole content must agree. Some are given
 * paths and some the numbers of inodes.
 */
class NamespacePropertyTest extends NamespaceFixture {
    private static final int OPERATIONS = 600;

    /** An inode of the model. */
    private static final class Node {
        final FileKind kind;
        final TreeMap<String, Node> children = new TreeMap<>();
        final TreeMap<String, byte[]> attributes = new TreeMap<>();
        int links;
        Node parent;

        Node(FileKind kind) {
            this.kind = kind;
        }

        boolean isWithin(Node other) {
            for (Node at = this; at != null; at = at.parent) {
                if (at == other) {
                    return true;
                }
            }
            return false;
        }
    }

    private interface Operation {
        void run() throws HoldfastException;
    }

    private final Node root = new Node(FileKind.DIRECTORY);

    static LongStream seeds() {
        return Generator.seeds(60);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void behavesLikeATreeOfObjects(long seed) throws HoldfastException {
        Generator random = new Generator(seed);
        for (int i = 0; i < OPERATIONS; i++) {
            tick();
            if (random.oneIn(50)) {
                names = namespace();
            }
            step(random);
            if (random.oneIn(30)) {
                compare();
            }
        }
        compare();
    }

    private void step(Generator random) throws HoldfastException {
        List<String> from = path(random);
        List<String> to = path(random);
        String fromPath = "/" + String.join("/", from);
        String toPath = "/" + String.join("/", to);
        byte[] value = random.bytes(random.pick(0, 10, 3000));
        switch (random.between(0, 18)) {
            case 0, 1 -> both(() -> create(fromPath), () -> add(from, FileKind.REGULAR));
            case 2, 3 -> both(() -> mkdir(fromPath), () -> add(from, FileKind.DIRECTORY));
            case 4 -> both(() -> names.symlink(fromPath, "/none"), () -> add(from, FileKind.SYMLINK));
            case 5 -> both(() -> names.remove(fromPath), () -> remove(from));
            case 6, 7 -> both(() -> names.rename(fromPath, toPath), () -> rename(from, to));
            case 8 -> both(() -> names.link(fromPath, toPath), () -> link(from, to));
            case 9 -> both(() -> createByNumber(from), () -> add(from, FileKind.REGULAR));
            case 10, 11 ->
                both(
                        () -> names.inodes().mkdir(parent(from), from.getLast(), CreateOptions.directory()),
                        () -> add(from, FileKind.DIRECTORY));
            case 12 ->
                both(
                        () -> names.inodes().symlink(parent(from), from.getLast(), "/none"),
                        () -> add(from, FileKind.SYMLINK));
            case 13 ->
                both(
                        () -> names.inodes().remove(parent(from), from.getLast(), Namespace.Taking.ANY),
                        () -> remove(from));
            case 14, 15 -> both(() -> renameByNumber(from, to), () -> rename(from, to));
            case 16 -> both(() -> linkByNumber(fromPath, to), () -> link(from, to));
            case 17 ->
                both(
                        () -> names.inodes().setXattr(names.resolve(fromPath, false), "user.x", value),
                        () -> find(from).attributes.put("user.x", value));
            default ->
                both(
                        () -> names.setXattr(fromPath, "user.x", value),
                        () -> find(from).attributes.put("user.x", value));
        }
    }

    private long parent(List<String> path) throws HoldfastException {
        long parent = names.resolve("/" + String.join("/", path.subList(0, path.size() - 1)), true);
        names.inodes().requireDirectory(parent);
        return parent;
    }

    private void createByNumber(List<String> path) throws HoldfastException {
        names.inodes().create(parent(path), path.getLast(), CreateOptions.file(), (inode, record) -> inode);
    }

    private void linkByNumber(String from, List<String> to) throws HoldfastException {
        Inode existing = names.status(from);
        boolean directory = existing.record().kind() == FileKind.DIRECTORY;
        // What it is counts first, wherever the name is to be.
        names.inodes().link(existing.number(), directory ? NamespaceKeys.ROOT : parent(to), to.getLast());
    }

    /** Events are told paths; those that are found from numbers are those that were walked. */
    private void renameByNumber(List<String> from, List<String> to) throws HoldfastException {
        List<String> told = new ArrayList<>();
        try {
            names.inodes()
                    .rename(parent(from), from.getLast(), parent(to), to.getLast(), (path, inode) -> told.add(path));
        } finally {
            if (told.size() == 2) {
                assertThat(told).containsExactly("/" + String.join("/", from), "/" + String.join("/", to));
            }
        }
    }

    private static void both(Operation real, Operation model) {
        assertThat(outcome(real)).isEqualTo(outcome(model));
    }

    private static ErrorCode outcome(Operation operation) {
        try {
            operation.run();
            return null;
        } catch (HoldfastException e) {
            return e.code();
        }
    }

    private static List<String> path(Generator random) {
        List<String> path = new ArrayList<>();
        int depth = random.between(1, 4);
        for (int i = 0; i < depth; i++) {
            path.add(random.pick("a", "b", "c"));
        }
        return path;
    }

    private Node find(List<String> path) throws HoldfastException {
        Node at = root;
        for (int i = 0; i < path.size(); i++) {
            if (at.kind == FileKind.SYMLINK) {
                throw failure(ErrorCode.NOT_FOUND);
            }
            if (at.kind == FileKind.REGULAR) {
                throw failure(ErrorCode.NOT_A_DIRECTORY);
            }
            at = at.children.get(path.get(i));
            if (at == null) {
                throw failure(ErrorCode.NOT_FOUND);
            }
        }
        return at;
    }

    private Node directory(List<String> path) throws HoldfastException {
        Node found = find(path.subList(0, path.size() - 1));
        if (found.kind == FileKind.SYMLINK) {
            throw failure(ErrorCode.NOT_FOUND);
        }
        if (found.kind == FileKind.REGULAR) {
            throw failure(ErrorCode.NOT_A_DIRECTORY);
        }
        return found;
    }

    private Node freeDirectory(List<String> path) throws HoldfastException {
        Node directory = directory(path);
        if (directory.children.containsKey(path.getLast())) {
            throw failure(ErrorCode.EXISTS);
        }
        return directory;
    }

    private void add(List<String> path, FileKind kind) throws HoldfastException {
        Node directory = freeDirectory(path);
        Node node = new Node(kind);
        node.links = 1;
        node.parent = directory;
        directory.children.put(path.getLast(), node);
    }

    private void remove(List<String> path) throws HoldfastException {
        Node directory = directory(path);
        Node node = find(path);
        if (!node.children.isEmpty()) {
            throw failure(ErrorCode.DIRECTORY_NOT_EMPTY);
        }
        directory.children.remove(path.getLast());
        node.links--;
    }

    private void link(List<String> from, List<String> to) throws HoldfastException {
        Node node = find(from);
        if (node.kind == FileKind.DIRECTORY) {
            throw failure(ErrorCode.IS_A_DIRECTORY);
        }
        freeDirectory(to).children.put(to.getLast(), node);
        node.links++;
    }

    private void rename(List<String> from, List<String> to) throws HoldfastException {
        Node fromDirectory = directory(from);
        Node toDirectory = directory(to);
        Node node = find(from);
        Node replaced = toDirectory.children.get(to.getLast());
        if (node == replaced) {
            return;
        }
        if (node.kind == FileKind.DIRECTORY && toDirectory.isWithin(node)) {
            throw failure(ErrorCode.INVALID);
        }
        if (replaced != null) {
            if (replaced.kind == FileKind.DIRECTORY && node.kind != FileKind.DIRECTORY) {
                throw failure(ErrorCode.IS_A_DIRECTORY);
            }
            if (replaced.kind != FileKind.DIRECTORY && node.kind == FileKind.DIRECTORY) {
                throw failure(ErrorCode.NOT_A_DIRECTORY);
            }
            if (!replaced.children.isEmpty()) {
                throw failure(ErrorCode.DIRECTORY_NOT_EMPTY);
            }
            replaced.links--;
        }
        fromDirectory.children.remove(from.getLast());
        toDirectory.children.put(to.getLast(), node);
        node.parent = toDirectory;
    }

    private static HoldfastException failure(ErrorCode code) {
        return new HoldfastException(code, "by the model");
    }

    private void compare() throws HoldfastException {
        volumeIsClean();
        compare("/", NamespaceKeys.ROOT, root);
    }

    private void compare(String path, long inode, Node node) throws HoldfastException {
        InodeRecord record = record(path);
        assertThat(names.inodes().status(inode).record()).isEqualTo(record);
        assertThat(record.kind()).isEqualTo(node.kind);
        assertThat(names.listXattrs(path)).containsExactlyElementsOf(node.attributes.keySet());
        for (var attribute : node.attributes.entrySet()) {
            assertThat(names.getXattr(path, attribute.getKey())).isEqualTo(attribute.getValue());
        }
        if (node.kind != FileKind.DIRECTORY) {
            assertThat(record.links()).isEqualTo(node.links);
            return;
        }
        assertThat(list(path)).containsExactlyElementsOf(node.children.keySet());
        for (var child : node.children.entrySet()) {
            compare(
                    path.equals("/") ? "/" + child.getKey() : path + "/" + child.getKey(),
                    names.inodes().lookup(inode, child.getKey()).number(),
                    child.getValue());
        }
    }
}
