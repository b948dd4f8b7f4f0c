package io.holdfast.bench.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StackTreeTest {
    private final StackTree tree = new StackTree("all");

    StackTreeTest() {
        tree.add(List.of("run", "write", "copy"), 6);
        tree.add(List.of("run", "write"), 2);
        tree.add(List.of("run", "read", "read"), 2);
    }

    @Test
    void ownTimeIsWhatIsNotInAFrameAbove() {
        List<TopFrames.Part> own = new TopFrames(tree).byOwn(3);
        assertThat(own)
                .containsExactly(
                        new TopFrames.Part("copy", 60, 60),
                        new TopFrames.Part("read", 20, 20),
                        new TopFrames.Part("write", 20, 80));
    }

    @Test
    void aFrameThatCallsItselfCountsOnce() {
        assertThat(new TopFrames(tree).byAnywhere(3, Set.of("copy", "run")))
                .containsExactly(new TopFrames.Part("write", 20, 80), new TopFrames.Part("read", 20, 20));
    }

    @Test
    void theGraphIsOnePageAndNamesAreText() {
        tree.add(List.of("<init>", "it's"), 1);
        String page = FlameGraph.page("a <title>", "remarks", tree, new StackTree("none"));
        assertThat(page)
                .contains("a &lt;title&gt;", "'&lt;init&gt;'", "'it\\'s'", "[2,3,8,'write']")
                .doesNotContain("src=", "http");
    }
}
