package io.holdfast.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.inject.Point;
import io.holdfast.volume.AttributeChange;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.Inodes;
import io.holdfast.volume.Progress;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.WriteFlag;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every call of the public API: first with its first I/O failing, then with its second, and so on until none is left.
 * The same for each kind of allocation.
 */
class FaultSweepTest {
    private static final int FAILURES_MAX = 1000;
    private static final List<Point> ALLOCATIONS = List.of(
            Point.ALLOCATE_RESERVE,
            Point.ALLOCATE_LEASE,
            Point.ALLOCATE_NODES,
            Point.ALLOCATE_PAGES,
            Point.ALLOCATE_SEALED_PAGES,
            Point.ALLOCATE_NODE_MEMORY,
            Point.ALLOCATE_BUFFER,
            Point.ALLOCATE_CHANGES,
            Point.CHANGES_FULL);

    /** Where a change is under way: if memory runs out there, the volume has failed, and nobody waits for ever. */
    private static final List<Point> CHANGING = List.of(
            Point.WRITE_RESERVED,
            Point.PAGE_COPIED,
            Point.PAGE_DIRTY,
            Point.SIZE_CHANGED,
            Point.TAIL_ZEROED,
            Point.WRITE_SEALED,
            Point.PAGE_SUPERSEDED,
            Point.SEALED_SHOWN,
            Point.SEALED_MAPPED,
            Point.LENDING,
            Point.LENT_WRITTEN,
            Point.WRITEBACK_BEGUN,
            Point.BLOCK_SEALED,
            Point.WRITEBACK_TAKEN,
            Point.WRITEBACK_MAPPED,
            Point.RECORD_PLACED,
            Point.RECORD_WRITTEN,
            Point.RECORD_MAPPED,
            Point.CHANGES_PENDING,
            Point.FLUSH_TARGET,
            Point.FLUSH_DONE,
            Point.DATA_PROVEN,
            Point.RANGE_LOCKED,
            Point.RANGE_DROPPED,
            Point.CHECKPOINT_FROZEN,
            Point.CHECKPOINT_WRITTEN,
            Point.CHECKPOINT_FLUSHED,
            Point.GROWTH_MAPPED,
            Point.GROWTH_WRITTEN,
            Point.GROWTH_DURABLE,
            Point.CHECKPOINT_DURABLE,
            Point.CHECKPOINT_COMMITTED,
            Point.BLOCKS_REUSED,
            Point.GROUP_REUSED);

    private interface FileCall {
        void on(StoredFile file, SweptVolume it) throws Exception;
    }

    private static SweptVolume.Call file(String path, FileCall call) {
        return it -> {
            try (StoredFile file = it.volume().open(path)) {
                call.on(file, it);
            }
        };
    }

    private static Map<String, SweptVolume.Call> calls() {
        Map<String, SweptVolume.Call> calls = new LinkedHashMap<>();
        int block = SweptVolume.BLOCK;
        CreateOptions options = CreateOptions.file();
        // Volume
        calls.put("open", it -> {
            it.close();
            it.open();
        });
        calls.put("repair", it -> {
            it.repair();
            it.open();
        });
        calls.put("undo of a repair", it -> {
            it.repair();
            it.undoRepair();
            it.open();
        });
        calls.put("create", it -> it.volume().create("/new", options).close());
        calls.put(
                "create with a size",
                it -> it.volume().create("/new", options.withSize(9L * block)).close());
        calls.put("createUnnamed", it -> it.volume().createUnnamed(options).close());
        calls.put("link of an unnamed file", it -> {
            try (StoredFile file = it.volume().createUnnamed(options)) {
                file.write(100, it.blocks(3, 'C'));
                file.flush();
                it.volume().link(file, "/d/new", false);
            }
        });
        calls.put("link of an unnamed file in place of another", it -> {
            try (StoredFile file = it.volume().createUnnamed(options)) {
                file.write(0, it.blocks(3, 'C'));
                it.volume().link(file, "/f", true);
            }
        });
        calls.put("mkdir", it -> it.volume().mkdir("/d/new", CreateOptions.directory()));
        calls.put("symlink", it -> it.volume().symlink("/d/new", "/f"));
        calls.put("readLink", it -> it.volume().readLink("/s"));
        calls.put("link", it -> it.volume().link("/f", "/d/new"));
        calls.put("status", it -> it.volume().status("/d/x"));
        calls.put("setAttributes", it -> it.volume().setAttributes("/d/x", AttributeChange.mode(0600)));
        calls.put("list", it -> it.volume().list("/d", "", 10));
        calls.put("rename", it -> it.volume().rename("/f", "/d/new"));
        calls.put("rename over another", it -> it.volume().rename("/f", "/d/x"));
        calls.put("rename of a directory", it -> it.volume().rename("/d", "/empty"));
        calls.put("remove", it -> it.volume().remove("/f"));
        calls.put("remove of a directory", it -> it.volume().remove("/empty"));
        calls.put("setXattr", it -> it.volume().setXattr("/f", "user.b", new byte[20_000]));
        calls.put("getXattr", it -> it.volume().getXattr("/f", "user.a"));
        calls.put("listXattrs", it -> it.volume().listXattrs("/f"));
        calls.put("removeXattr", it -> it.volume().removeXattr("/f", "user.a"));
        calls.put("usage", it -> it.volume().usage());
        calls.put("sync", it -> it.volume().sync());
        calls.put("checkpoint", it -> it.volume().checkpoint());
        // From 16 groups to more than 128: the copies of the superblock and the levels of the table become more.
        calls.put("grow", it -> it.volume().grow(20_000L * block));
        calls.put("check", it -> it.volume().check(Progress.NONE));
        calls.put("check of metadata", it -> it.volume().check(new CheckOptions(true, List.of(), 0), Progress.NONE));
        calls.put("check of a file", it -> it.volume().check(new CheckOptions(false, List.of("/f"), 0), Progress.NONE));
        calls.put("lastCheck", it -> it.volume().lastCheck());
        // Inodes
        calls.put("lookup", it -> it.inodes().lookup(it.inode("/d"), "x"));
        calls.put("status by number", it -> it.inodes().status(it.inode("/f")));
        calls.put("parent", it -> it.inodes().parent(it.inode("/d")));
        calls.put(
                "setAttributes by number", it -> it.inodes().setAttributes(it.inode("/f"), AttributeChange.mode(0600)));
        calls.put("readLink by number", it -> it.inodes().readLink(it.inode("/s")));
        calls.put("open by number", it -> it.inodes().open(it.inode("/f")).close());
        calls.put("list by number", it -> it.inodes().list(it.inode("/d"), "", 10));
        calls.put(
                "create by number",
                it -> it.inodes().create(it.inode("/d"), "new", options).close());
        calls.put("mkdir by number", it -> it.inodes().mkdir(it.inode("/d"), "new", CreateOptions.directory()));
        calls.put("symlink by number", it -> it.inodes().symlink(it.inode("/d"), "new", "/f"));
        calls.put("link by number", it -> it.inodes().link(it.inode("/f"), it.inode("/d"), "new"));
        calls.put("rename by number", it -> it.inodes().rename(Inodes.ROOT, "f", it.inode("/d"), "new"));
        calls.put("rename over another by number", it -> it.inodes().rename(Inodes.ROOT, "f", it.inode("/d"), "x"));
        calls.put("remove by number", it -> it.inodes().remove(it.inode("/d"), "x"));
        calls.put("setXattr by number", it -> it.inodes().setXattr(it.inode("/f"), "user.b", new byte[20_000]));
        calls.put("getXattr by number", it -> it.inodes().getXattr(it.inode("/f"), "user.a"));
        calls.put("listXattrs by number", it -> it.inodes().listXattrs(it.inode("/f")));
        calls.put("removeXattr by number", it -> it.inodes().removeXattr(it.inode("/f"), "user.a"));
        calls.put("flush of a directory", it -> {
            it.volume().mkdir("/d/new", CreateOptions.directory());
            it.inodes().flushDirectory(Inodes.ROOT);
        });
        calls.put("capacity", it -> it.inodes().capacity());
        // StoredFile
        for (String path : List.of("/f", "/raw")) {
            calls.put(
                    "open " + path,
                    file(path, (file, it) -> assertThat(file.size()).isPositive()));
            calls.put("read " + path, file(path, (file, it) -> file.read(0, it.blocks(20, 'x'))));
            calls.put(
                    "direct read " + path,
                    file(path, (file, it) -> file.read(0, it.blocks(20, 'x'), Set.of(ReadFlag.DIRECT))));
            calls.put("write " + path, file(path, (file, it) -> file.write(0, it.blocks(4, 'C'))));
            calls.put(
                    "write of a part of a block " + path,
                    file(path, (file, it) -> file.write(512, it.blocks(1, 'C').asSlice(0, 512))));
            calls.put(
                    "direct write " + path,
                    file(path, (file, it) -> file.write(block, it.blocks(4, 'C'), Set.of(WriteFlag.DIRECT))));
            calls.put(
                    "FUA write " + path,
                    file(path, (file, it) -> file.write(block, it.blocks(4, 'C'), Set.of(WriteFlag.FUA))));
            calls.put(
                    "NOWAIT write " + path,
                    file(path, (file, it) -> file.write(3L * block, it.blocks(1, 'C'), Set.of(WriteFlag.NOWAIT))));
            calls.put("growing write " + path, file(path, (file, it) -> file.write(22L * block, it.blocks(4, 'C'))));
            calls.put(
                    "write into allocated space " + path,
                    file(path, (file, it) -> file.write(31L * block, it.blocks(1, 'C'))));
            calls.put("flush " + path, file(path, (file, it) -> file.flush()));
            calls.put("allocate " + path, file(path, (file, it) -> file.allocate(10L * block, 30L * block)));
            calls.put("punch " + path, file(path, (file, it) -> file.punch(2L * block + 100, 5L * block)));
            calls.put("zero " + path, file(path, (file, it) -> file.zero(2L * block + 100, 5L * block)));
            calls.put("map " + path, file(path, (file, it) -> file.map(0, 40L * block, 10)));
            calls.put("truncate " + path, file(path, (file, it) -> file.truncate(2L * block + 100)));
            calls.put("growing truncate " + path, file(path, (file, it) -> file.truncate(50L * block)));
        }
        calls.put("close", it -> {
            it.close();
            it.open();
        });
        return calls;
    }

    @TestFactory
    List<DynamicTest> everyInputOutputFails() {
        List<DynamicTest> tests = new ArrayList<>();
        calls().forEach((name, call) -> tests.add(DynamicTest.dynamicTest(name, () -> {
            TreeMap<String, byte[]> after = SweptVolume.run(call, null, 0, null).content();
            int nth = 1;
            while (SweptVolume.run(call, null, nth, after).failureCame()) {
                assertThat(++nth).isLessThan(FAILURES_MAX);
            }
        })));
        return tests;
    }

    @TestFactory
    List<DynamicTest> memoryRunsOutEverywhere() {
        List<DynamicTest> tests = new ArrayList<>();
        calls().forEach((name, call) -> tests.add(DynamicTest.dynamicTest(name, () -> {
            TreeMap<String, byte[]> after = SweptVolume.run(call, null, 0, null).content();
            for (Point point : CHANGING) {
                int nth = 1;
                while (SweptVolume.runOut(call, point, nth, after).failureCame()) {
                    assertThat(++nth).isLessThan(FAILURES_MAX);
                }
            }
        })));
        return tests;
    }

    @TestFactory
    List<DynamicTest> everyAllocationFails() {
        List<DynamicTest> tests = new ArrayList<>();
        calls().forEach((name, call) -> tests.add(DynamicTest.dynamicTest(name, () -> {
            TreeMap<String, byte[]> after = SweptVolume.run(call, null, 0, null).content();
            for (Point allocation : ALLOCATIONS) {
                int nth = 1;
                while (SweptVolume.run(call, allocation, nth, after).failureCame()) {
                    assertThat(++nth).isLessThan(FAILURES_MAX);
                }
            }
        })));
        return tests;
    }
}
