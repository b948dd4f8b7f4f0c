package io.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.real.JavaProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a command does when whoever reads its output leaves: it ends with status 141, says nothing, and has done its work. */
class ReaderGoneTest {
    /** Descriptor 4 becomes a pipe that nobody reads any more. */
    private static final String PIPE = "mkfifo pipe; exec 3<>pipe 4>pipe 3<&-\n";

    private static final List<String> ON_A_VOLUME = List.of(
            "create v /d --size 1M",
            "ls v",
            "ls -R --json v",
            "stat v /d",
            "du v",
            "df v",
            "info v",
            "check v",
            "check v --json",
            "jobs v",
            "trim v",
            "resize v /d --size 2M",
            "cp v /d /e",
            "mkdir --json v /dir",
            "mv --json v /e /dir/",
            "rm --json v /dir/e",
            "import /etc/passwd v /p",
            "export v /p out",
            "export v /d -",
            "export v /d - --format raw.zst");

    @TempDir
    private Path folder;

    private JavaProcess.Result result(String before, List<String> commands, String after) throws IOException {
        StringBuilder script = new StringBuilder(before);
        for (String command : commands) {
            script.append("holdfast ")
                    .append(command)
                    .append(" >&4; echo $? ")
                    .append(command)
                    .append("\n");
        }
        return JavaProcess.script(folder, script + after);
    }

    private static void areQuiet(JavaProcess.Result result, List<String> commands) {
        assertThat(result.out().lines().toList())
                .as(result.err())
                .containsExactlyElementsOf(
                        commands.stream().map(command -> "141 " + command).toList());
        assertThat(result.err()).isEmpty();
    }

    @Test
    void everyCommandEndsQuietly() throws IOException {
        List<String> more = List.of("format w --size 64M", "grow v --size 65M", "--version", "--help", "ls --help");
        JavaProcess.Result result = result(PIPE + "holdfast format v --size 64M --quiet\n", ON_A_VOLUME, "");
        areQuiet(result, ON_A_VOLUME);
        assertThat(folder.resolve("out")).hasSameBinaryContentAs(Path.of("/etc/passwd"));
        areQuiet(result("exec 4>/dev/null; rm pipe\n" + PIPE, more, ""), more);
        assertThat(JavaProcess.script(folder, "holdfast ls v", "holdfast ls v /dir")
                        .out())
                .isEqualTo("d\ndir\np\n");
    }

    @Test
    void soItDoesOnAServedVolumeAndTheServerStays() throws IOException {
        List<String> commands = List.of(
                "ls v", "du v", "info v", "top v", "top v --json", "clients v", "jobs v", "check v", "export v /d -");
        String serve = """
                holdfast format v --size 64M --quiet
                holdfast create v /d --size 1M --quiet
                mkfifo ready
                holdfast serve v --nbd "unix:$PWD/nbd" >ready 2>log &
                server=$!
                while read -r line; do [[ $line != ready* ]] || break; done <ready
                """;
        String stop = """
                holdfast ls v
                kill -TERM $server
                wait $server
                echo $? serve
                """;
        JavaProcess.Result result = result(serve + PIPE, commands, stop);
        assertThat(result.out().lines().toList())
                .as(result.err())
                .hasSize(commands.size() + 2)
                .endsWith("d", "0 serve");
        assertThat(result.out().lines().limit(commands.size())).allMatch(line -> line.startsWith("141 "));
        assertThat(result.err()).isEmpty();
    }

    /** What a command found is told by its status all the same. */
    @Test
    void anErrorIsSaidAndHasItsStatus() throws IOException {
        JavaProcess.Result result = result(
                PIPE + "holdfast format v --size 64M --quiet\n", List.of("stat v /none", "ls --no-such-option v"), "");
        assertThat(result.out()).isEqualTo("5 stat v /none\n2 ls --no-such-option v\n");
        assertThat(result.err()).contains("/none", "no such option");
    }

    /** A pipe that is named is the target of the copy, as a file would be. */
    @Test
    void aNamedPipeThatBreaksIsAnErrorOfTheExport() throws IOException {
        JavaProcess.Result result = JavaProcess.script(
                folder,
                "holdfast format v --size 64M --quiet",
                "holdfast create v /d --size 16M --quiet",
                "mkfifo pipe",
                "head -c 1 <pipe >/dev/null &",
                "holdfast export v /d pipe");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).contains("pipe: broken pipe");
        assertThat(result.out()).isEmpty();
    }
}
