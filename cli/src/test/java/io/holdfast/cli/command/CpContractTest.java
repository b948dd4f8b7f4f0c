package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.volume.CreateOptions;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Copies within a volume, with the volume opened by the command and with the volume served. */
class CpContractTest extends CommandFixture {
    private static final int BLOCK = 4096;

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private void store(String path, byte[] content) {
        home.withInput(content);
        ok("import", "-", "VOLUME", path);
    }

    private long allocated(String path) {
        return ok("stat", "VOLUME", path, "--json")
                .json()
                .path("allocated_bytes")
                .asLong();
    }

    @Test
    void aCopyHasTheBytesAndTheHoles() {
        for (int length : new int[] {0, 1, BLOCK, (1 << 20) + 17}) {
            store("/f" + length, random(length));
            ok("cp", "VOLUME", "/f" + length, "/copy" + length);
            assertThat(exported("/copy" + length)).isEqualTo(random(length));
        }
        byte[] sparse = new byte[(5 << 20) + 1];
        System.arraycopy(random(BLOCK), 0, sparse, 3 << 20, BLOCK);
        sparse[5 << 20] = 1;
        store("/sparse", sparse);
        ok("resize", "VOLUME", "/sparse", "--size", "64M");
        Result copied = ok("cp", "VOLUME", "/sparse", "/copy", "--json");
        assertThat(copied.json().path("from").asString()).isEqualTo("/sparse");
        assertThat(copied.json().path("to").asString()).isEqualTo("/copy");
        assertThat(copied.json().path("size_bytes").asLong()).isEqualTo(64 << 20);
        assertThat(copied.json().path("written_bytes").asLong()).isEqualTo(2 * BLOCK);
        assertThat(allocated("/copy")).isEqualTo(2 * BLOCK);
        assertThat(exported("/copy")).isEqualTo(exported("/sparse")).startsWith(sparse);
    }

    @Test
    void itSaysWhatItDidOnceThatIsDurable() {
        store("/f", random(10));
        int flushes = home.fake().flushes.get();
        int syncs = home.fake().syncs.get();
        assertThat(ok("cp", "VOLUME", "/f", "/g").out())
                .matches("copied /f to /g: 10 B, 10 B of it data, in .*, flushed\n");
        assertThat(home.fake().flushes.get()).isGreaterThan(flushes);
        assertThat(home.fake().syncs.get()).isGreaterThan(syncs);
    }

    @Test
    void aCopyIntoADirectoryKeepsItsName() {
        store("/f", random(10));
        ok("mkdir", "VOLUME", "/d");
        ok("cp", "VOLUME", "/f", "/d");
        ok("cp", "VOLUME", "/d/f", "/d/g");
        ok("mkdir", "VOLUME", "/e");
        ok("cp", "VOLUME", "/d/g", "/e/");
        assertThat(ok("ls", "VOLUME", "/d").out()).isEqualTo("f\ng\n");
        assertThat(exported("/e/g")).isEqualTo(random(10));
    }

    @Test
    void itReplacesOnlyIfToldTo() {
        store("/f", random(10));
        store("/g", random(20));
        Result refused = home.run("cp", "VOLUME", "/f", "/g");
        assertThat(refused.status()).isEqualTo(6);
        assertThat(refused.err()).contains("/g exists already", "--force");
        assertThat(exported("/g")).isEqualTo(random(20));
        ok("cp", "--force", "VOLUME", "/f", "/g");
        assertThat(exported("/g")).isEqualTo(random(10));
    }

    @Test
    void aFileIsNotCopiedOverItself() {
        store("/f", random(10));
        Result refused = home.run("cp", "--force", "VOLUME", "/f", "//f");
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("same file");
        assertThat(home.run("cp", "--force", "VOLUME", "/f", "/").status()).isEqualTo(2);
        assertThat(exported("/f")).isEqualTo(random(10));
    }

    @Test
    void onlyFilesAreCopied() {
        ok("mkdir", "VOLUME", "/d");
        assertThat(home.run("cp", "VOLUME", "/d", "/e").status()).isEqualTo(11);
        assertThat(home.run("cp", "VOLUME", "/none", "/e").status()).isEqualTo(5);
        ok("create", "VOLUME", "/huge", "--size", "15E");
        Result huge = home.run("cp", "VOLUME", "/huge", "/e");
        assertThat(huge.status()).isEqualTo(2);
        assertThat(huge.err()).contains("less than 8 EiB");
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("d\nhuge\n");
    }

    @Test
    void aCopyHasModeAndChecksumsAsTheFile() throws Exception {
        CreateOptions options = CreateOptions.file().withMode(0640).withoutChecksum();
        if (mode == Mode.LOCAL) {
            try (var volume = home.hold()) {
                volume.create("/f", options).close();
            }
        } else {
            home.fake().create("/f", options).close();
        }
        ok("cp", "VOLUME", "/f", "/g");
        var copy = ok("stat", "VOLUME", "/g", "--json").json();
        assertThat(copy.path("mode").asString()).isEqualTo("0640");
        assertThat(copy.path("checksummed").asBoolean()).isFalse();
    }

    @Test
    void aCopyThatEndsEarlyLeavesNothing() {
        store("/f", random(40 << 20));
        assertThat(home.run("cp", "VOLUME", "/f", "/g").status()).isEqualTo(4);
        Cancellation cancel = Cancellation.none();
        cancel.request();
        home.withCancellation(cancel);
        assertThat(home.run("cp", "VOLUME", "/f", "/g").status()).isEqualTo(130);
        home.withCancellation(Cancellation.none());
        home.fake()
                .breakBlock(
                        ok("stat", "VOLUME", "/f", "--json")
                                .json()
                                .path("inode")
                                .asLong(),
                        3);
        Result damaged = home.run("cp", "VOLUME", "/f", "/g");
        assertThat(damaged.status()).isEqualTo(7);
        assertThat(damaged.err()).contains("offset 12288");
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("f\n");
    }
}
