package io.holdfast.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.nbd.ClientCertificate.CommonName;
import io.holdfast.nbd.ClientCertificate.Fingerprint;
import io.holdfast.nbd.NbdAddress;
import io.holdfast.nbd.NbdExport;
import io.holdfast.nbd.NbdExport.Limits;
import io.holdfast.nbd.NbdExport.OwnSocket;
import io.holdfast.nbd.SocketMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.TypeConversionException;

class ExportConverterTest {
    private static NbdExport parse(String text) {
        return new ExportConverter().convert(text);
    }

    @Test
    void aPathAloneIsAnExportByThatName() {
        assertThat(parse("vm/disk")).isEqualTo(NbdExport.of("/vm/disk", "vm/disk"));
        assertThat(parse("/vm/disk")).isEqualTo(parse("vm/disk"));
    }

    @Test
    void takesEveryPart() {
        String digits = "0123456789abcdef".repeat(4);
        assertThat(parse(
                        "/a,,b,name=n,,1,read-only,exclusive,socket=/run/s,group=kvm,mode=0660,client=me,client=sha256:"
                                + digits.toUpperCase(java.util.Locale.ROOT).replaceAll("(..)(?=.)", "$1:")
                                + ",connections=3,iops=500,rate=200M/s"))
                .isEqualTo(new NbdExport(
                        "/a,b",
                        "n,1",
                        true,
                        true,
                        new Limits(3, 500, 200L << 20),
                        Optional.of(new OwnSocket(
                                new NbdAddress.Unix(Path.of("/run/s")),
                                Optional.of("kvm"),
                                Optional.of(SocketMode.permissions("0660")))),
                        List.of(new CommonName("me"), new Fingerprint(digits))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0007', textBlock = """
            ,                   | no export
            /                   | no export
            /a/                 | no export
            ../a                | no export
            /a,                 | '' is none of client, connections
            /a,readonly         | socket; the nearest is 'read-only'
            /a,read-only=yes    | 'read-only' is a switch
            /a,name             | 'name' needs a value: name=N
            /a,disk.img         | a comma that belongs to a value is written twice
            /a,name=            | its name is empty
            /a,name=x,name=y    | 'name=' stands there twice
            /a,iops=0           | iops= is a whole number from 1
            /a,iops=many        | iops= is a whole number from 1
            /a,connections=-1   | connections= is a whole number from 1
            /a,rate=1K          | rate= is bytes per second, at least 64 KiB
            /a,rate=fast        | 'fast' is not a size
            /a,client=          | a client is the common name
            /a,client=sha256:12 | is no fingerprint
            /a,socket=          | the path is empty
            /a,socket=/run/     | ends with a slash
            /a,group=kvm        | group= and mode= are those of a socket=
            /a,socket=/s,mode=9 | three octal digits
            /a,socket=/s,group= | and it is empty
            """)
    void saysWhatIsWrong(String text, String message) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining(message);
    }
}
