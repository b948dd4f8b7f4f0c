package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.error.HoldfastException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AcknowledgedChangesTest {
    private final AcknowledgedChanges changes = new AcknowledgedChanges();

    private void writeAndClose(long inode) {
        changes.opened(inode, "/" + inode).made();
        changes.closed(inode);
    }

    @Test
    void aFileIsKnownUntilAFlushHasCoveredItsChanges() {
        AcknowledgedChanges.OfFile file = changes.opened(7, "/a");
        file.made();
        long mark = file.mark();
        file.made();
        file.flushed(mark);
        assertThat(changes.loss().files()).isEqualTo(Map.of(7L, "/a"));
        changes.closed(7);
        assertThat(changes.loss().files()).hasSize(1);
        changes.flushed(changes.marks());
        assertThat(changes.loss().files()).isEmpty();
    }

    /** Files that were written, closed and never flushed must not fill the memory. */
    @Test
    void ofManyClosedFilesOnlyTheirNumberIsKept() throws Exception {
        for (long inode = 1; inode <= 3 * AcknowledgedChanges.CLOSED_MAX; inode++) {
            writeAndClose(inode);
        }
        assertThat(changes.loss().files()).hasSize(AcknowledgedChanges.CLOSED_MAX);
        assertThat(changes.loss().others()).isTrue();

        AcknowledgedChanges after = new AcknowledgedChanges();
        after.lose(changes.loss().files(), changes.loss().others());
        AcknowledgedChanges.OfFile other = after.opened(1_000_000, "/other");
        assertThatThrownBy(other::requireKept).isInstanceOf(HoldfastException.class);
        assertThat(after.accept(1_000_000)).isTrue();
        other.requireKept();
        after.closed(1_000_000);
        after.opened(1_000_000, "/other").requireKept();
        assertThat(after.lost()).contains("/1", "all other files").doesNotContain("/other");
    }

    @Test
    void aSyncCoversWhatWasForgottenBeforeIt() {
        for (long inode = 1; inode <= AcknowledgedChanges.CLOSED_MAX + 1; inode++) {
            writeAndClose(inode);
        }
        AcknowledgedChanges.Marks marks = changes.marks();
        writeAndClose(1_000_000);
        changes.flushed(marks);
        assertThat(changes.loss().others()).isTrue();
        changes.flushed(changes.marks());
        assertThat(changes.loss().others()).isFalse();
        assertThat(changes.loss().files()).isEmpty();
    }

    @Test
    void aDurableFileThatNobodyHasOpenIsForgotten() {
        changes.opened(7, "/a");
        changes.opened(7, "/a");
        changes.closed(7);
        assertThat(changes.accept(7)).isFalse();
        changes.closed(7);
        assertThat(changes.lost()).isEmpty();
    }
}
