package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whatever the pages tell an administrator to give to a guest connects again after a restart of the server. */
class ReconnectPageTest {
    /** Something that gives a guest a disk over NBD, up to where its options end, and what must be in it. */
    private record Rule(Pattern disk, String must) {}

    private static final List<Rule> RULES = List.of(
            new Rule(Pattern.compile("-(?:drive|blockdev) [^ \n]*nbd[^ \n]*"), "reconnect-delay="),
            new Rule(Pattern.compile("<qemu:arg value='driver=nbd[^']*'"), "reconnect-delay="),
            new Rule(Pattern.compile("(?s)<source protocol='nbd' name=.*?</source>"), "<reconnect delay="),
            new Rule(Pattern.compile("`nbd-client -unix[^`]*`"), "-persist"));

    @Test
    void everyDiskOfAGuestHasItsReconnectDelay() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(Path.of("..", "README.md")));
        try (Stream<Path> docs = Files.list(Path.of("..", "docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).forEach(pages::add);
        }
        int found = 0;
        for (Path page : pages) {
            String text = Files.readString(page);
            for (Rule rule : RULES) {
                for (String disk : rule.disk()
                        .matcher(text)
                        .results()
                        .map(MatchResult::group)
                        .toList()) {
                    assertThat(disk).as(page.toString()).contains(rule.must());
                    found++;
                }
            }
        }
        assertThat(found).isGreaterThanOrEqualTo(9);
    }
}
