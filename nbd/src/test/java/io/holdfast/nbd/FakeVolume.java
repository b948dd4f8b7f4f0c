package io.holdfast.nbd;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeCounters;
import io.holdfast.volume.VolumeInfo;
import io.holdfast.volume.VolumeUsage;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;

/** A volume in memory that knows files and directories only; stands in until the engine is there. */
final class FakeVolume implements Volume {
    /** A null-like value for directories keeps one map enough: path without slash at the end → file or directory. */
    private sealed interface Node {
        record Dir() implements Node {}

        record Regular(FakeFile file) implements Node {}
    }

    private final NavigableMap<String, Node> nodes = new ConcurrentSkipListMap<>();

    @Override
    public VolumeInfo info() {
        return new VolumeInfo(
                new UUID(1, 2), "fake", ChecksumAlgorithm.CRC32C, BLOCK_SIZE, 1L << 40, 1, 1, false, false);
    }

    @Override
    public StoredFile open(String path) throws HoldfastException {
        return switch (nodes.get(path)) {
            case Node.Regular(FakeFile file) -> file;
            case Node.Dir _ -> throw new HoldfastException(ErrorCode.IS_A_DIRECTORY, path + " is a directory");
            case null -> throw new HoldfastException(ErrorCode.NOT_FOUND, path + " does not exist");
        };
    }

    @Override
    public StoredFile create(String path, CreateOptions options) {
        FakeFile file = new FakeFile(options.size());
        nodes.put(path, new Node.Regular(file));
        return file;
    }

    @Override
    public void mkdir(String path, CreateOptions options) {
        nodes.put(path, new Node.Dir());
    }

    @Override
    public List<DirectoryEntry> list(String path, String after, int limit) {
        String prefix = path.equals("/") ? "/" : path.replaceAll("/$", "") + "/";
        return nodes.tailMap(prefix + after, false).entrySet().stream()
                .takeWhile(e -> e.getKey().startsWith(prefix))
                .filter(e -> e.getKey().indexOf('/', prefix.length()) < 0)
                .limit(limit)
                .map(e -> new DirectoryEntry(
                        e.getKey().substring(prefix.length()),
                        0,
                        e.getValue() instanceof Node.Dir ? FileKind.DIRECTORY : FileKind.REGULAR))
                .toList();
    }

    @Override
    public Optional<HoldfastException> failure() {
        return Optional.empty();
    }

    @Override
    public void sync() {}

    @Override
    public void checkpoint() {}

    @Override
    public void close() {}

    @Override
    public VolumeUsage usage() {
        throw unsupported();
    }

    @Override
    public VolumeCounters counters() {
        throw unsupported();
    }

    @Override
    public RecoveryReport recovery() {
        throw unsupported();
    }

    @Override
    public void symlink(String path, String target) {
        throw unsupported();
    }

    @Override
    public String readLink(String path) {
        throw unsupported();
    }

    @Override
    public void link(String existing, String added) {
        throw unsupported();
    }

    @Override
    public FileStatus status(String path) {
        throw unsupported();
    }

    @Override
    public void setAttributes(String path, AttributeChange change) {
        throw unsupported();
    }

    @Override
    public void rename(String from, String to) {
        throw unsupported();
    }

    @Override
    public void remove(String path) {
        nodes.remove(path);
    }

    @Override
    public void setXattr(String path, String name, byte[] value) {
        throw unsupported();
    }

    @Override
    public byte[] getXattr(String path, String name) {
        throw unsupported();
    }

    @Override
    public List<String> listXattrs(String path) {
        throw unsupported();
    }

    @Override
    public void removeXattr(String path, String name) {
        throw unsupported();
    }

    @Override
    public CheckReport check(Progress progress) {
        return new CheckReport(List.of(), 0, 0, 0, 0, 0, 0);
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("the fake volume does not have this");
    }
}
