package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** docs/COMMANDS.md has exactly the options that the commands' help has. */
class CommandsPageTest {
    private static final Path PAGE = Path.of("..", "docs", "COMMANDS.md");
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])(--?[a-zA-Z][\\w-]*)");
    /** The page describes these once for all commands. */
    private static final Set<String> COMMON = Set.of("--json", "--debug", "-q", "--quiet", "-h", "--help", "--memory");

    @TempDir
    private Path folder;

    private String page;

    static Stream<String> commands() {
        return Commands.shown().stream();
    }

    @BeforeEach
    void read() throws IOException {
        page = Files.readString(PAGE);
    }

    private Set<String> optionsOfHelp(String command) {
        String help = new Household(folder).run(command, "--help").out();
        Set<String> options = new TreeSet<>();
        // The lines that begin with options: "  -r, --recursive  Remove …", "      --size=SIZE  Its …".
        for (String line : help.lines().filter(line -> line.matches(" +-.*")).toList()) {
            String begin = line.strip().split(" {2,}", 2)[0];
            OPTION.matcher(begin).results().map(MatchResult::group).forEach(options::add);
        }
        // The commands that list sizes have another -h, which the page describes with them.
        options.removeIf(option -> COMMON.contains(option) && !(option.equals("-h") && help.contains("-h, --human")));
        return options;
    }

    /** Returns the page's text on a command: its row, and its section if there is one. */
    private String textOn(String command) {
        List<String> rows = page.lines()
                .filter(line -> line.matches("\\| `" + command + "[ `].*\\|") && !line.contains("_bytes`"))
                .toList();
        assertThat(rows).as("rows of " + command).isNotEmpty();
        int section = page.indexOf("\n### " + command + "\n");
        return rows.getFirst() + (section < 0 ? "" : page.substring(section, page.indexOf("\n### ", section + 1)));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void hasEveryOptionOfTheHelp(String command) {
        Set<String> options = optionsOfHelp(command);
        assertThat(optionsIn(textOn(command))).as(command).containsAll(options);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void hasNoOptionThatTheHelpDoesNotHave(String command) {
        String usage = textOn(command).split("`")[1];
        Set<String> known = optionsOfHelp(command);
        known.addAll(COMMON);
        assertThat(known).as(command).containsAll(optionsIn(usage));
    }

    private static Set<String> optionsIn(String text) {
        Set<String> options = new TreeSet<>();
        OPTION.matcher(text).results().map(MatchResult::group).forEach(options::add);
        return options;
    }

    @Test
    void hasWhatAllCommandsHaveAndTheCommandAboveThem() {
        assertThat(optionsIn(page)).containsAll(COMMON).contains("-V", "--version");
        assertThat(page).contains("`holdfast help COMMAND`");
    }
}
