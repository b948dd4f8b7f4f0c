package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.DirectoryEntry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;

/** An empty volume's namespace; each test ends with a full check of it. */
abstract class NamespaceFixture {
    static final Instant START = Instant.parse("2026-01-01T00:00:00.123456789Z");

    Instant now = START;
    MemoryItems store = new MemoryItems(Namespace.formatItems(START));
    OpenFiles open = new OpenFiles();
    List<Long> unlinked = new ArrayList<>();
    Namespace names = namespace();

    /** Returns a namespace as after opening the volume again. */
    Namespace namespace() {
        return new Namespace(store, () -> now, unlinked::add, open);
    }

    @AfterEach
    void volumeIsClean() {
        assertThat(MemoryItems.problems(store.all())).isEmpty();
    }

    void tick() {
        now = now.plusSeconds(1);
    }

    long create(String path) throws HoldfastException {
        return names.create(path, CreateOptions.file(), (inode, record) -> inode);
    }

    void mkdir(String path) throws HoldfastException {
        names.mkdir(path, CreateOptions.directory());
    }

    InodeRecord record(String path) throws HoldfastException {
        return names.status(path).record();
    }

    List<String> list(String path) throws HoldfastException {
        return names.list(path, "", Integer.MAX_VALUE).stream()
                .map(DirectoryEntry::name)
                .toList();
    }

    static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(HoldfastException.class)
                .extracting(e -> ((HoldfastException) e).code())
                .isEqualTo(code);
    }
}
