package io.holdfast.sim.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The possible names in a directory after a crash. */
class FolderTest {
    private static final Folder.Node FILE = new Folder.Node(null);

    private final Ticks ticks = new Ticks();
    private final Folder folder = new Folder("/d", ticks);

    private void create(String name) {
        folder.begin(names -> names.put(name, FILE));
    }

    private void remove(String name) {
        folder.begin(names -> names.remove(name));
    }

    private void requirePossible(String... names) {
        assertThatCode(() -> folder.afterCrash(List.of(names), (name, node) -> true))
                .doesNotThrowAnyException();
    }

    private void requireImpossible(String... names) {
        assertThatThrownBy(() -> folder.afterCrash(List.of(names), (name, node) -> true))
                .isInstanceOf(ViolationException.class);
    }

    /** Makes two files: s0 is durable, s1 is done but not flushed. */
    private void twoFiles() {
        create("s0");
        folder.done();
        folder.flushed(ticks.next());
        create("s1");
        folder.done();
    }

    @Test
    void whatWasFlushedIsThere() {
        twoFiles();
        requireImpossible();
        requireImpossible("s1");
        requirePossible("s0");
    }

    @Test
    void whatWasDoneMayBeThere() {
        twoFiles();
        requirePossible("s0", "s1");
    }

    @Test
    void whatWasRefusedIsNotThere() {
        twoFiles();
        create("n");
        folder.refused();
        requireImpossible("s0", "s1", "n");
        requirePossible("s0", "s1");
    }

    /** Seeds 1372653804919 and 1851624670687: the second call's change replaced the first one's. */
    @Test
    void eachCallThatMetTheCrashMayHaveHappened() {
        for (String[] found :
                List.of(new String[] {"s0", "n"}, new String[] {"s0"}, new String[] {"n"}, new String[0])) {
            Folder fresh = new Folder("/d", ticks);
            fresh.begin(names -> names.put("s0", FILE));
            fresh.done();
            fresh.flushed(ticks.next());
            fresh.begin(names -> names.put("n", FILE));
            fresh.begin(names -> names.remove("s0"));
            assertThatCode(() -> fresh.afterCrash(Set.of(found), (name, node) -> true))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void aCallThatIsDoneBehindAnOpenOneMayHaveHappenedOrNot() {
        twoFiles();
        remove("s1");
        create("n");
        folder.done();
        requirePossible("s0", "n");
    }

    @Test
    void aRefusedCallBehindAnOpenOneLeavesThatOpen() {
        twoFiles();
        remove("s1");
        create("n");
        folder.refused();
        requireImpossible("s0", "s1", "n");
        requirePossible("s0");
    }
}
