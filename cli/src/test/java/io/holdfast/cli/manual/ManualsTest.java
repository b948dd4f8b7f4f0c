package io.holdfast.cli.manual;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.ExitCode;
import io.holdfast.cli.command.Commands;
import io.holdfast.cli.config.ConfiguredLine;
import io.holdfast.cli.fake.Household;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages say what the commands say, and the programs that read pages and completions take them. */
class ManualsTest {
    private static final Map<String, String> FILES = Manuals.files();
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])(--?[a-zA-Z][\\w-]*)");

    @TempDir
    private Path folder;

    static Stream<String> commands() {
        return Commands.shown().stream();
    }

    static Stream<String> pages() {
        return FILES.keySet().stream().filter(name -> name.startsWith("man/"));
    }

    /** The options that a text describes: those at the beginning of a line of help, or of an entry of a page. */
    private static Set<String> options(Stream<String> lines) {
        return lines.flatMap(line -> OPTION.matcher(line).results().map(MatchResult::group))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void thePageHasTheOptionsOfTheHelp(String command) {
        Stream<String> help = new Household(folder)
                .run(command, "--help")
                .out()
                .lines()
                .filter(line -> line.matches(" +-.*"))
                .map(line -> Stream.of(line.strip().split(" {2,}")).findFirst().orElse(""));
        List<String> page = FILES.get("man/man1/holdfast-" + command + ".1")
                .replace("\\fB", "")
                .replace("\\fR", "")
                .replace("\\-", "-")
                .lines()
                .toList();
        Stream<String> terms = Stream.iterate(1, i -> i < page.size(), i -> i + 1)
                .filter(i -> page.get(i - 1).equals(".TP"))
                .map(page::get);
        assertThat(options(terms)).isEqualTo(options(help)).isNotEmpty();
    }

    @Test
    void everyPageHasTheExitCodes() {
        for (ExitCode code : ExitCode.values()) {
            assertThat(FILES.get("man/man1/holdfast.1"))
                    .contains(".TP\n" + code.status() + "\n" + Roff.plain(code.meaning()) + "\n");
        }
        assertThat(FILES.get("man/man1/holdfast.1"))
                .contains(commands().map(Roff::plain).toList());
    }

    @ParameterizedTest
    @MethodSource("pages")
    void groffHasNothingToSayAboutThePage(String name) throws IOException {
        Program.needs("groff");
        Path page = Files.writeString(folder.resolve("page"), FILES.get(name));
        assertThat(Program.run(folder, "groff", "-man", "-Tutf8", "-ww", "-z", page.toString()))
                .isEmpty();
        assertThat(Program.run(folder, "groff", "-man", "-Tascii", "-P-cbou", page.toString()))
                .contains("NAME", "SEE ALSO")
                .doesNotContain("\\");
    }

    @Test
    void bashCompletesCommandsOptionsAndFiles() throws IOException {
        Path script = Files.writeString(folder.resolve("completion"), FILES.get("completions/bash/holdfast"));
        assertThat(bash(script, "holdfast", "se")).isEqualTo("serve");
        assertThat(bash(script, "holdfast", "serve", "--check-")).isEqualTo("--check-every --check-config");
        assertThat(bash(script, "holdfast", "serve", "--config", "comp")).isEqualTo("completion");
        assertThat(bash(script, "holdfast", "serve", "--config", "=", "comp")).isEqualTo("completion");
        assertThat(bash(script, "holdfast", "help", "gr")).isEqualTo("grow");
        assertThat(bash(script, "holdfast", "ls", "comp")).isEqualTo("completion");
        for (String command : Commands.shown()) {
            String all = " " + bash(script, "holdfast", command, "--") + " ";
            assertThat(all).contains(" --help ", " --json ");
        }
    }

    private String bash(Path script, String... words) throws IOException {
        String line = Stream.of(words).map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        return Program.run(
                        folder,
                        "bash",
                        "-c",
                        "source " + script + "; COMP_WORDS=(" + line + "); COMP_CWORD=" + (words.length - 1)
                                + "; _holdfast; echo \"${COMPREPLY[*]}\"")
                .strip();
    }

    @Test
    void zshTakesTheCompletion() throws IOException {
        Program.needs("zsh");
        Path script = Files.writeString(folder.resolve("_holdfast"), FILES.get("completions/zsh/_holdfast"));
        assertThat(Program.run(folder, "zsh", "-n", script.toString())).isEmpty();
    }

    /** Every key, with the value that the example shows for it. */
    @Test
    void theExampleIsAGoodFileAsAWholeAndKeyByKey() throws IOException {
        String example = FILES.get("examples/vms.toml");
        Household home = new Household(folder);
        Path file = folder.resolve("vms.toml");
        Files.writeString(file, example);
        assertThat(home.run("serve", "--config", file.toString(), "--check-config")
                        .err())
                .isEmpty();
        for (String key : ConfiguredLine.keys(ManualPages.named(Manuals.tree(), "serve")).stream()
                .map(ConfiguredLine::key)
                .toList()) {
            assertThat(example).containsPattern("(?m)^#? ?" + key + " = ");
        }
    }

    @Test
    @Tag("slow")
    void systemdTakesTheUnits() throws IOException {
        Program.needs("systemd-analyze");
        Path units = Path.of("..", "packaging", "systemd").toRealPath();
        for (String kind : List.of("service", "socket")) {
            String text = Files.readString(units.resolve("holdfast@." + kind))
                    .replace("/usr/bin/holdfast", "/bin/true")
                    .replaceAll("(?m)^Documentation=.*\n", "");
            Files.writeString(folder.resolve("holdfast@vms." + kind), text);
        }
        // --socket-group changes the group of a socket; the later line counts.
        assertThat(Files.readString(units.resolve("holdfast@.service")))
                .containsPattern("(?s)SystemCallFilter=~@privileged .*\\nSystemCallFilter=@chown\\n");
        String service = folder.resolve("holdfast@vms.service").toString();
        assertThat(Program.run(
                        folder,
                        "systemd-analyze",
                        "verify",
                        service,
                        folder.resolve("holdfast@vms.socket").toString()))
                .isEmpty();
        // The exposure in tenths; systemd calls less than 2.0 the lowest but one of its grades.
        assertThat(Program.end(folder, "systemd-analyze", "security", "--offline=yes", "--threshold=20", service)
                        .succeeds()
                        .output())
                .contains("Overall exposure level");
    }
}
