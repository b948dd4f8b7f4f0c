package io.holdfast.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTest {
    @Test
    void controlCharactersDoNotReachTheTerminal() {
        assertThat(Names.printable("a\u001b[31mb\nc\u0085d\u202ee")).isEqualTo("a\\x1b[31mb\\x0ac\\x85d\\u{202e}e");
        assertThat(Names.printable("größe 大")).isEqualTo("größe 大");
    }

    @ParameterizedTest
    @CsvSource({"/, /, /", "/a, /, a", "/a/b, /a, b", "/a/b/, /a, b", "/a/a, /a, a", "//a, /, a", "/x//y, /x, y"})
    void splitsPaths(String path, String parent, String last) {
        assertThat(Names.parent(path)).isEqualTo(parent);
        assertThat(Names.last(path)).isEqualTo(last);
    }

    @Test
    void joinsPaths() {
        assertThat(Names.join("/", "a")).isEqualTo("/a");
        assertThat(Names.join("/a", "b")).isEqualTo("/a/b");
        assertThat(Names.join("/a/", "b")).isEqualTo("/a/b");
    }
}
