package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What `serve` says of options of its metrics and its log that make no sense. */
class MonitoringOptionsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                --http 9190                 | --http is a host and a port, as in 127.0.0.1:9190 or [::1]:9190, or unix:/path/to/socket, not '9190'
                --http 127.0.0.1:           | --http is a host and a port
                --http 127.0.0.1:99999      | --http is a host and a port
                --http ::1:9190             | --http is a host and a port
                --http 0.0.0.0:9190         | can be reached from other machines, and asks for no password: take 127.0.0.1 or a unix socket, or add --http-public
                --http [::]:9190            | can be reached from other machines
                --http no.such.invalid:9190 | --http: there is no host 'no.such.invalid'
                --http-public               | --http-public needs --http
                --http unix:/tmp/h --http-public | --http-public is for a host and a port
                --http unix:                | the path is empty
                --http unix:/tmp/h/         | ends with a slash
                --http unix:/tmp/h,mode=999 | --http: '999' is no mode of a socket
                --http unix:/tmp/h,group=   | --http: 'group=' is not group=G or mode=M
                --http unix:/tmp/h,x        | --http: 'x' is not group=G or mode=M; a comma that belongs to a value is written twice
                --http unix:/tmp/x          | --http and --nbd cannot have the same address, unix:/tmp/x
                --export /a,socket=/tmp/h --http unix:/tmp/h | cannot have the same address, unix:/tmp/h
                --log-format xml            | --log-format is text or json, not 'xml'
                --log-level all             | --log-level is error, warning, info or debug, not 'all'
                """)
    void misuseIsSaidInWords(String options, String message) {
        Result result = new Household(folder)
                .formatted()
                .run(("serve VOLUME --check-config --nbd unix:/tmp/x " + options).split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains(message);
    }

    @ParameterizedTest
    @CsvSource({
        "--http 127.0.0.1:0",
        "--http [::1]:9190",
        "--http localhost:9190",
        "--http 0.0.0.0:9190 --http-public",
        "--http unix:/tmp/h",
        "'--http unix:/tmp/h,,h,group=root,mode=0660'",
        "--log-format json --log-level debug",
        "--log-format text --log-level error"
    })
    void whatMakesSenseIsTaken(String options) {
        Result result = new Household(folder)
                .formatted()
                .run(("serve VOLUME --check-config --nbd unix:/tmp/x " + options).split(" "));
        assertThat(result.status()).as(result.err()).isZero();
    }
}
