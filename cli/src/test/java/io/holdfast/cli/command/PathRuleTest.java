package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * One rule for paths in a volume: no command accepts an empty path or the names {@code .} and {@code ..}; only a
 * directory's path may end with a slash.
 */
class PathRuleTest extends CommandFixture {
    private static final List<String> REFUSED =
            List.of("", ".", "..", "./x", "/..", "/vms/..", "/vms/.", "/vms/../keep", "vms//..", "/vms/./disk");

    @BeforeEach
    void makeFiles() {
        ok("mkdir", "VOLUME", "/vms");
        ok("create", "VOLUME", "/vms/disk", "--size", "1M");
        ok("create", "VOLUME", "/keep", "--size", "1M");
    }

    private void assertUntouched() {
        assertThat(ok("ls", "VOLUME", "/").out()).isEqualTo("keep\nvms\n");
        assertThat(ok("ls", "VOLUME", "/vms").out()).isEqualTo("disk\n");
    }

    @Test
    void noCommandTakesThem() {
        String file = folder.resolve("file").toString();
        for (String path : REFUSED) {
            Stream.of(
                            new String[] {"rm", "VOLUME", path},
                            new String[] {"rm", "-rf", "VOLUME", path},
                            new String[] {"ls", "VOLUME", path},
                            new String[] {"stat", "VOLUME", path},
                            new String[] {"mkdir", "-p", "VOLUME", path},
                            new String[] {"create", "VOLUME", path, "--size", "1M"},
                            new String[] {"resize", "VOLUME", path, "--size", "0", "--shrink"},
                            new String[] {"du", "VOLUME", path},
                            new String[] {"cp", "--force", "VOLUME", path, "/new"},
                            new String[] {"cp", "--force", "VOLUME", "/keep", path},
                            new String[] {"mv", "--force", "VOLUME", path, "/new"},
                            new String[] {"mv", "--force", "VOLUME", "/keep", path},
                            new String[] {"import", "--force", "-", "VOLUME", path},
                            new String[] {"export", "--force", "VOLUME", path, file})
                    .forEach(line -> {
                        Result result = home.run(line);
                        assertThat(result.status()).as(String.join(" ", line)).isEqualTo(2);
                        assertThat(result.err()).contains("root directory");
                    });
        }
        assertUntouched();
        assertThat(folder.resolve("file")).doesNotExist();
    }

    @Test
    void theRootIsNotRemoved() {
        for (String root : List.of("/", "//", "///")) {
            for (String options : List.of("-r", "-rf", "-f")) {
                Result result = home.run("rm", options, "VOLUME", root);
                assertThat(result.status()).as(options + root).isEqualTo(2);
                assertThat(result.err()).contains("root directory cannot be removed");
            }
        }
        assertUntouched();
    }

    @Test
    void namesThatOnlyLookAlikeAreNames() {
        for (String name : List.of("...", ".hidden", "..x", "a.", " ", "~", "*", "$HOME", "\\", "@file", "%s", "ä")) {
            ok("create", "VOLUME", name, "--size", "1M");
            assertThat(ok("stat", "--json", "VOLUME", name).out()).contains("\"size_bytes\":1048576");
            ok("rm", "VOLUME", "//" + name);
        }
        assertUntouched();
    }

    @Test
    void aSlashBehindAFileIsRefused() {
        String file = folder.resolve("file").toString();
        for (String[] line : new String[][] {
            {"rm", "VOLUME", "/keep/"},
            {"rm", "-rf", "VOLUME", "/keep/"},
            {"ls", "VOLUME", "/keep/"},
            {"stat", "VOLUME", "/keep//"},
            {"create", "VOLUME", "/new/", "--size", "1M"},
            {"resize", "VOLUME", "/keep/", "--size", "0", "--shrink"},
            {"du", "VOLUME", "/keep/"},
            {"cp", "VOLUME", "/keep/", "/new"},
            {"cp", "VOLUME", "/keep", "/new/"},
            {"mv", "VOLUME", "/keep/", "/new"},
            {"mv", "--force", "VOLUME", "/vms/disk", "/keep/"},
            {"import", "--force", "-", "VOLUME", "/keep/"},
            {"import", "-", "VOLUME", "/new/"},
            {"export", "--force", "VOLUME", "/keep/", file}
        }) {
            Result result = home.run(line);
            assertThat(result.status()).as(String.join(" ", line)).isEqualTo(11);
            assertThat(result.err()).contains("slash").contains("directory");
        }
        assertThat(home.run("mv", "VOLUME", "/keep", "/new/").status()).isEqualTo(5);
        assertUntouched();
        assertThat(folder.resolve("file")).doesNotExist();
    }

    @Test
    void aSlashBehindADirectoryIsRight() {
        ok("mkdir", "VOLUME", "/made/");
        ok("mkdir", "-p", "VOLUME", "/made/deep/er/");
        assertThat(ok("ls", "VOLUME", "/made/").out()).isEqualTo("deep\n");
        ok("stat", "VOLUME", "/made/");
        ok("mv", "VOLUME", "/keep", "/made/");
        ok("mv", "VOLUME", "/made/keep", "/");
        ok("mv", "VOLUME", "/made/", "/renamed/");
        ok("rm", "-r", "VOLUME", "/renamed/");
        assertUntouched();
    }

    @Test
    void aNameThatBeginsWithAnAtSignIsNoFileOfArguments() throws IOException {
        Path arguments = Files.writeString(folder.resolve("arguments"), "/keep");
        assertThat(home.run("rm", "VOLUME", "@" + arguments).status()).isEqualTo(5);
        assertUntouched();
    }
}
