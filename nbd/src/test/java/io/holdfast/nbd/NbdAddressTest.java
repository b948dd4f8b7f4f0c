package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NbdAddressTest {
    @Test
    void parsesEveryForm() {
        assertThat(NbdAddress.parse("unix:/run/a b.sock")).isEqualTo(new NbdAddress.Unix(Path.of("/run/a b.sock")));
        assertThat(NbdAddress.parse("tcp:localhost:0")).isEqualTo(new NbdAddress.Tcp("localhost", 0));
        assertThat(NbdAddress.parse("tcp:10.0.0.1")).isEqualTo(new NbdAddress.Tcp("10.0.0.1", 10809));
        assertThat(NbdAddress.parse("tcp:[::1]:65535")).isEqualTo(new NbdAddress.Tcp("::1", 65535));
        assertThat(NbdAddress.parse("tcp:[::1]")).isEqualTo(new NbdAddress.Tcp("::1", 10809));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "unix:",
                "tcp:",
                "tcp::1",
                "tcp:h:",
                "tcp:h:x",
                "tcp:h:65536",
                "tcp:h:-1",
                "tcp:10809",
                "tcp:::1:10809",
                "tcp:[::1",
                "tcp:[]:1",
                "tcp:[::1]x:1",
                "/run/sock",
                "http://x"
            })
    void refusesWhatIsNoAddress(String text) {
        assertThatThrownBy(() -> NbdAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unix:/run/x", "tcp:host:1", "tcp:[::1]:2"})
    void printsWhatItParses(String text) {
        assertThat(NbdAddress.parse(text)).hasToString(text);
    }

    @Test
    void buildsUris() {
        NbdAddress unix = NbdAddress.parse("unix:/run/a b");
        assertThat(NbdUri.of(unix, "/vm/d?k", false)).isEqualTo("nbd+unix:///vm/d%3Fk?socket=/run/a%20b");
        assertThat(NbdUri.of(unix, "x", true)).isEqualTo("nbds+unix:///x?socket=/run/a%20b");
        assertThat(NbdUri.of(NbdAddress.parse("tcp:[::1]:7"), "ä", false)).isEqualTo("nbd://[::1]:7/%C3%A4");
        assertThat(NbdUri.of(NbdAddress.parse("tcp:h:7"), "", true)).isEqualTo("nbds://h:7/");
    }
}
