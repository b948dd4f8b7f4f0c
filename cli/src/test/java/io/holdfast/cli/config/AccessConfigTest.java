package io.holdfast.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may open what, in a configuration file and on the command line: what is taken, and what is refused before anything is served. */
class AccessConfigTest {
    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() {
        home = new Household(folder);
    }

    private Result check(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("vms.toml"), "volume = \"/srv/v\"\n" + content + "\n");
        return home.run("serve", "--config", file.toString(), "--check-config");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nbd = \"unix:/run/x\"\nexport = [\"/a\", \"/a,name=backup,read-only\"]",
                "nbd = \"unix:/run/x\"\nexport = [{path = \"/a\", exclusive = true, iops = 100}, \"/b,rate=200M\"]",
                "[[export]]\npath = \"/a\"\nsocket = \"/run/a\"\nread-only = false\n[[export]]\npath = \"/a,b\"\nsocket = \"/run/b\"",
                "nbd = \"unix:/run/x\"\nexport = [\"/a,socket=/run/a,name=d\", \"/b,socket=/run/b,name=d\", \"/c,name=d\"]",
                "nbd = \"unix:/run/x\"\nsocket-group = \"root\"\nsocket-mode = \"0660\"\nno-list = true",
                "nbd = \"tcp:0.0.0.0:10809\"\ninsecure = true",
                "nbd = [\"tcp:127.0.0.1:0\", \"tcp:[::1]:0\", \"tcp:localhost:0\"]",
                "nbd = \"tcp:0.0.0.0:10809\"\ntls-certs = \"/etc/pki\"\ntls-verify-peer = true",
                "nbd = \"tcp:0.0.0.0:10809\"\ntls-certs = \"/etc/pki\"\ninsecure = true",
                "nbd = \"tcp:127.0.0.1:10809\"\ntls-certs = \"/etc/pki\"",
                "nbd = \"unix:/x\"\ntls-certs = \"/etc/pki\"\ntls-verify-peer = true\n[[export]]\npath = \"/a\"\nclient = [\"a\", \"b\"]"
            })
    void isTaken(String content) throws IOException {
        Result result = check(content);
        assertThat(result.err()).isEmpty();
        assertThat(result.status()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0007', textBlock = """
            export = ["/a", "/a"]                                | 3: --export: two exports have the name 'a'
            export = ["/a,socket=/s", "/b,socket=/s,name=a"]     | 3: --export: two exports have the name 'a'
            export = ["/a,socket=/run/x"]                        | 3: --export: a socket= is for its export alone
            export = ["/a,socket=/s,mode=660", "/b,socket=/s"]   | 3: --export: exports at unix:/s have different group= or mode=
            export = ["/a,client=me"]                            | 3: --export /a: client= needs clients that show certificates
            export = ["/a,fast"]                                 | 3: key 'export': '/a,fast' is no export; 'fast' is none of
            export = ["/a,disk.img"]                             | 3: key 'export': '/a,disk.img' is no export; 'disk.img' is none of client, connections, exclusive, group, iops, mode, name, rate, read-only, socket; a comma that belongs
            export = [{path = "/a", fast = true}]                | 3: key 'fast' of 'export': 'fast' is none of
            export = [{path = "/a", readonly = true}]            | 3: key 'readonly' of 'export': 'readonly' is none of client, connections, exclusive, group, iops, mode, name, rate, read-only, socket; the nearest is 'read-only'
            export = [{path = "/a", exclusive = "yes"}]          | 3: key 'exclusive' of 'export': 'exclusive' is a switch: without a value
            export = [{path = "/a", name = true}]                | 3: key 'name' of 'export': 'name' needs a value: name=N
            export = [{path = "/../a"}]                          | 3: key 'path' of 'export':
            export = [{path = "/a", group = "kvm"}]              | 3: key 'group' of 'export': group= and mode= are those of a socket=
            export = ["/a,socket=/s,group=no-such-group"]        | 3: --export /a: there is no group 'no-such-group' on this machine
            socket-group = "no-such-group"                       | 3: --socket-group: there is no group 'no-such-group' on this machine
            http = "unix:/s,group=no-such-group"                 | 3: --http: there is no group 'no-such-group' on this machine
            memory = "1M"                                        | 3: --memory of 1 MiB is too little; it may be 16 MiB to 1 PiB
            export = [{name = "a"}]                              | 3: a table needs a key 'path'
            export = [{path = "/a", iops = 1.5}]                 | 3: key 'iops': write a string
            memory = [{path = "/a"}]                             | 3: 'memory' has a table
            socket-mode = "0999"                                 | 3: --socket-mode: '0999' is no mode of a socket
            """)
    void isNamedWithItsLine(String line, String message) throws IOException {
        Result result = check("nbd = \"unix:/run/x\"\n" + line);
        assertThat(result.err()).startsWith("holdfast: " + folder.resolve("vms.toml") + ":" + message);
        assertThat(result.status()).isEqualTo(2);
    }

    /** The line is that of the key, not that of the table. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0007', textBlock = """
            iops = "lots"      | 6: key 'iops' of 'export': iops= is a whole number from 1 to 2147483647, not 'lots'
            rate = "1"         | 6: key 'rate' of 'export': rate= is bytes per second, at least
            client = [""]      | 6: key 'client' of 'export':
            socket = ""        | 6: key 'socket' of 'export':
            mode = "0999"      | 6: key 'mode' of 'export': '0999' is no mode of a socket
            iops = 1.5         | 6: key 'iops': write a string in quotes
            """)
    void aKeyOfATableIsNamedWithItsLine(String line, String message) throws IOException {
        Result result = check("nbd = \"unix:/run/x\"\n[[export]]\npath = \"/a\"\nexclusive = true\n" + line);
        assertThat(result.err()).startsWith("holdfast: " + folder.resolve("vms.toml") + ":" + message);
        assertThat(result.status()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp:0.0.0.0:10809", "tcp:[::]:10809", "tcp:192.0.2.1", "tcp:0:10809"})
    void anAddressThatOthersReachIsRefusedWithoutEncryption(String address) throws IOException {
        Result result = home.run("serve", "VOLUME", "--nbd", address);
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains("other machines can reach tcp:", "insist with --insecure");
        assertThat(folder).isEmptyDirectory();
    }

    /** Who encrypts and shows no certificate is as unknown as one who does not encrypt. */
    @Test
    void encryptionAloneDoesNotMakeAnAddressSafe() throws IOException {
        Result result = check("nbd = \"tcp:0.0.0.0:10809\"\ntls-certs = \"/etc/pki\"");
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err())
                .startsWith("holdfast: " + folder.resolve("vms.toml")
                        + ":2: --nbd: other machines can reach tcp:0.0.0.0:10809")
                .contains("add --tls-verify-peer");
    }

    @Test
    void withoutAnAddressOfAnyKindNothingIsServed() {
        assertThat(home.run("serve", "VOLUME", "--export", "/a").err()).contains("Missing required option: '--nbd");
    }
}
