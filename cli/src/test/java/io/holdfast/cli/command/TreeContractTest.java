package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** {@code du} and {@code ls -R}, with the volume opened by the command and with the volume served. */
class TreeContractTest extends CommandFixture {
    private void makeTree() {
        ok("mkdir", "-p", "VOLUME", "/a/b");
        ok("mkdir", "VOLUME", "/z");
        for (String path : new String[] {"/a/b/one", "/a/two", "/three"}) {
            home.withInput(new byte[] {1, 2, 3});
            ok("import", "-", "VOLUME", path);
        }
        ok("create", "VOLUME", "/a/hole", "--size", "1G");
    }

    @Test
    void duSumsUpWhatIsAllocated() {
        makeTree();
        assertThat(ok("du", "VOLUME").out()).isEqualTo("4096\t/a/b\n8192\t/a\n0\t/z\n12288\t/\n");
        assertThat(ok("du", "-h", "VOLUME", "/a/").out()).isEqualTo("4 KiB\t/a/b\n8 KiB\t/a\n");
        assertThat(ok("du", "-s", "VOLUME", "/a").out()).isEqualTo("8192\t/a\n");
        assertThat(ok("du", "-sh", "VOLUME").out()).isEqualTo("12 KiB\t/\n");
        assertThat(ok("du", "VOLUME", "/three").out()).isEqualTo("4096\t/three\n");
        assertThat(ok("du", "-s", "--json", "VOLUME").out())
                .isEqualTo("{\"path\":\"/\",\"allocated_bytes\":12288,\"files\":4}\n");
        assertThat(home.run("du", "VOLUME", "/none").status()).isEqualTo(5);
    }

    @Test
    void duCountsAFileWithTwoNamesOnce() throws IOException {
        makeTree();
        if (mode == Mode.LOCAL) {
            try (var volume = home.hold()) {
                volume.link("/three", "/a/again");
            }
        } else {
            home.fake().link("/three", "/a/again");
        }
        assertThat(ok("du", "-s", "VOLUME").out()).isEqualTo("12288\t/\n");
        assertThat(ok("du", "-s", "VOLUME", "/a").out()).isEqualTo("12288\t/a\n");
    }

    @Test
    void lsListsAllBelow() {
        makeTree();
        assertThat(ok("ls", "-R", "VOLUME").out()).isEqualTo("""
                /:
                a
                three
                z

                /a:
                b
                hole
                two

                /a/b:
                one

                /z:
                """);
        assertThat(ok("ls", "-R", "VOLUME", "/three").out()).isEqualTo("/three\n");
        assertThat(ok("ls", "-R", "--json", "VOLUME", "/a").out().lines())
                .hasSize(4)
                .last()
                .asString()
                .startsWith("{\"path\":\"/a/b/one\",\"name\":\"one\",");
    }

    @Test
    void lsShowsSizesInUnitsIfAsked() {
        makeTree();
        assertThat(ok("ls", "-l", "VOLUME", "/a").out()).contains(" 1073741824     0  20", " 3  4096  20");
        assertThat(ok("ls", "-lh", "VOLUME", "/a").out()).contains(" 1 GiB    0 B  20", " 3 B  4 KiB  20");
    }

    @Test
    void whereSizesAreListedHelpHasItsLongNameAlone() {
        assertThat(ok("ls", "-h", "VOLUME").out()).isEmpty();
        assertThat(ok("ls", "--help").out()).startsWith("Usage: holdfast ls");
        assertThat(ok("stat", "-h").out()).startsWith("Usage: holdfast stat");
    }
}
