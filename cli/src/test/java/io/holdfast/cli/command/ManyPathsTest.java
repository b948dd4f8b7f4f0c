package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import org.junit.jupiter.api.Test;

/** Removal of several paths, and sizes that say by how much. */
class ManyPathsTest extends CommandFixture {
    private void create(String... paths) {
        for (String path : paths) {
            ok("create", "VOLUME", path, "--size", "1M");
        }
    }

    private long size(String path) {
        return ok("stat", "VOLUME", path, "--json").json().path("size_bytes").asLong();
    }

    @Test
    void removesAllThatAreNamed() {
        create("/a", "/b", "/c");
        assertThat(ok("rm", "VOLUME", "/a", "/c", "--json").out().lines()).hasSize(2);
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("b\n");
    }

    @Test
    void goesOnPastWhatCannotBeRemoved() {
        create("/a", "/c");
        Result result = home.run("rm", "VOLUME", "/a", "/none", "/c");
        assertThat(result.status()).isEqualTo(5);
        assertThat(result.err()).contains("/none");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void theRootAmongThemIsRefusedBeforeAnythingIsRemoved() {
        create("/a");
        assertThat(home.run("rm", "-r", "VOLUME", "/a", "/").status()).isEqualTo(2);
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("a\n");
    }

    @Test
    void sizesThatSayByHowMuch() {
        create("/a");
        ok("resize", "VOLUME", "/a", "--size", "+1M");
        assertThat(size("/a")).isEqualTo(2 << 20);
        assertThat(home.run("resize", "VOLUME", "/a", "--size", "-512K").status())
                .isEqualTo(2);
        ok("resize", "VOLUME", "/a", "--size", "-512K", "--shrink");
        assertThat(size("/a")).isEqualTo(3 << 19);
        assertThat(home.run("resize", "VOLUME", "/a", "--size", "-1G", "--shrink")
                        .err())
                .contains("cannot take 1 GiB away");
        assertThat(home.run("resize", "VOLUME", "/a", "--size", "+16E").status())
                .isEqualTo(2);
    }

    @Test
    void aVolumeGrowsBySoMuch() {
        long before = ok("info", "VOLUME", "--json").json().path("size_bytes").asLong();
        ok("grow", "VOLUME", "--size", "+16M");
        assertThat(ok("info", "VOLUME", "--json").json().path("size_bytes").asLong())
                .isEqualTo(before + (16 << 20));
        Result smaller = home.run("grow", "VOLUME", "--size", "-1M");
        assertThat(smaller.status()).isEqualTo(2);
        assertThat(smaller.err()).contains("cannot shrink");
    }
}
