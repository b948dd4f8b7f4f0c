package io.holdfast.namespace;

import io.holdfast.error.HoldfastException;
import io.holdfast.metadata.InodeMark;
import io.holdfast.volume.FileKind;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Names inodes in {@code /lost+found} that have no name. Makes the directory if it is missing, and replaces no name. Used once, by one thread. */
final class LostAndFound {
    private static final String NAME = "lost+found";
    private static final int MODE = 0700;
    /** Names to try beside the first. */
    private static final int NAMES_MAX = 1000;

    private final EditedItems items;
    private final Instant now;
    private long directory;
    private String path = "";

    LostAndFound(EditedItems items, Instant now) {
        this.items = items;
        this.now = now;
    }

    /** Gives an inode a name; returns the path, empty if that cannot be. */
    String add(long inode, FileKind kind) throws HoldfastException {
        if (directory == 0 && !open()) {
            return "";
        }
        String name = freeName(directory, "inode-" + Long.toUnsignedString(inode));
        if (name.isEmpty()) {
            return "";
        }
        items.put(NamespaceKeys.entry(directory, bytes(name)), Directories.encode(new Entry(inode, kind)));
        return path + "/" + name;
    }

    /** Returns the directory's inode, after {@link #add}. */
    long directory() {
        return directory;
    }

    /** Counts one more directory in it. */
    void linked() throws HoldfastException {
        link(directory);
    }

    private void link(long parent) throws HoldfastException {
        byte[] value = items.get(NamespaceKeys.inode(parent));
        if (value != null) {
            InodeRecord record = InodeRecord.decode(parent, value);
            if (record.links() < InodeRecord.LINKS_MAX) {
                items.put(
                        NamespaceKeys.inode(parent),
                        record.withLinks(record.links() + 1).encode());
            }
        }
    }

    private boolean open() throws HoldfastException {
        byte[] value = items.get(NamespaceKeys.entry(NamespaceKeys.ROOT, bytes(NAME)));
        if (value != null) {
            Entry entry = Directories.decode(NamespaceKeys.ROOT, value);
            byte[] record = items.get(NamespaceKeys.inode(entry.inode()));
            if (entry.isDirectory()
                    && record != null
                    && InodeRecord.decode(entry.inode(), record).kind() == FileKind.DIRECTORY) {
                directory = entry.inode();
                path = "/" + NAME;
                return true;
            }
        }
        return make();
    }

    private boolean make() throws HoldfastException {
        byte[] stored = items.get(InodeMark.key());
        long number = stored == null ? -1 : InodeMark.decode(stored);
        byte[] after = number < 0 ? new byte[0] : InodeMark.encode(number + InodeNumbers.STEP);
        String name = freeName(NamespaceKeys.ROOT, NAME);
        if (number < 0 || InodeMark.decode(after) < 0 || name.isEmpty()) {
            return false;
        }
        items.put(InodeMark.key(), after);
        items.put(
                NamespaceKeys.inode(number),
                InodeRecord.newDirectory(NamespaceKeys.ROOT, MODE, 0, 0, now).encode());
        items.put(
                NamespaceKeys.entry(NamespaceKeys.ROOT, bytes(name)),
                Directories.encode(new Entry(number, FileKind.DIRECTORY)));
        link(NamespaceKeys.ROOT);
        directory = number;
        path = "/" + name;
        return true;
    }

    private String freeName(long in, String wanted) throws HoldfastException {
        for (int i = 0; i <= NAMES_MAX; i++) {
            String name = i == 0 ? wanted : wanted + "." + i;
            if (items.get(NamespaceKeys.entry(in, bytes(name))) == null) {
                return name;
            }
        }
        return "";
    }

    private static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
