package io.holdfast.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** docs/FAULT-MODEL.md names tests that there are. */
class FaultPageTest {
    private static final Path ROOT = Path.of("..");
    private static final String SECTION = "## What latches, what ends the process, what goes on";
    private static final Pattern TEST = Pattern.compile("`(\\w+)\\.(\\w+)`");

    private static String page;
    /** Names of the test classes, with their sources. */
    private static Map<String, String> classes;

    @BeforeAll
    static void read() throws IOException {
        page = Files.readString(ROOT.resolve("docs/FAULT-MODEL.md"));
        classes = new TreeMap<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.toList()) {
                Path tests = module.resolve("src/test/java");
                if (Files.isDirectory(tests)) {
                    collect(tests);
                }
            }
        }
    }

    private static void collect(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String name = String.valueOf(file.getFileName());
                classes.put(name.substring(0, name.length() - ".java".length()), Files.readString(file));
            }
        }
    }

    /** Returns the rows of the section's tables, without the head. */
    private static List<String> rows() {
        assertThat(page).contains(SECTION);
        String section = page.substring(page.indexOf(SECTION) + SECTION.length());
        return section.substring(0, section.indexOf("\n## "))
                .lines()
                .filter(line -> line.startsWith("|"))
                .filter(line -> !line.startsWith("|---") && !line.startsWith("| what happens "))
                .toList();
    }

    @Test
    void everyLineOfWhatLatchesNamesATestThatThereIs() {
        assertThat(rows()).hasSizeGreaterThan(20).allSatisfy(row -> {
            List<MatchResult> tests = TEST.matcher(row).results().toList();
            assertThat(tests).as(row).isNotEmpty();
            assertThat(tests).as(row).allSatisfy(test -> assertIsTest(test.group(1), test.group(2)));
        });
    }

    private static void assertIsTest(String name, String method) {
        assertThat(classes).containsKey(name);
        assertThat(classes.get(name))
                .containsPattern("@(Test|ParameterizedTest|TestFactory)\\b(?s:(?!;).)*?\\s" + method + "\\(");
    }

    /** The other tables name classes, some with what differs left out ({@code Planted…DamageTest}). */
    @Test
    void everyTestClassThatThePageNamesIsThere() {
        List<String> named = Pattern.compile("`([\\w…]+(?:Test|Contract))\\b")
                .matcher(page)
                .results()
                .map(r -> r.group(1))
                .distinct()
                .toList();
        assertThat(named).hasSizeGreaterThan(30).allSatisfy(name -> {
            Pattern pattern = Stream.of(name.split("…", -1))
                    .map(Pattern::quote)
                    .collect(Collectors.collectingAndThen(Collectors.joining("\\w*"), Pattern::compile));
            assertThat(classes.keySet()).anyMatch(c -> pattern.matcher(c).matches());
        });
    }
}
