package io.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.real.JavaProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In any locale, names arrive byte for byte or are refused. */
class ProcessArgumentsTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void needsProc() {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/cmdline")), "no /proc here");
    }

    private JavaProcess.Result holdfast(String locale, String... lines) throws IOException {
        return JavaProcess.holdfast(
                folder,
                Stream.concat(Stream.of("export LC_ALL=" + locale), Stream.of(lines))
                        .toArray(String[]::new));
    }

    private void ok(String locale, String line) throws IOException {
        JavaProcess.Result result = holdfast(locale, line);
        assertThat(result.status()).as(line + "\n" + result.err()).isZero();
    }

    @Test
    void argumentsAreTakenApartAtTheirEnds() {
        assertThat(ProcessArguments.split("java\0\0ä\0".getBytes(StandardCharsets.UTF_8)))
                .containsExactly(
                        "java".getBytes(StandardCharsets.UTF_8), new byte[0], "ä".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatIsNotUtf8IsRefusedAndShown() {
        assertThatThrownBy(() -> ProcessArguments.decode(new byte[] {'a', (byte) 0xE4, 27}, 3))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("argument 3")
                .hasMessageContaining("a\\xe4\\x1b");
    }

    @Test
    void namesInAVolumeAreTheSameInTheLocaleC() throws IOException {
        ok("C", "format v --size 64M");
        ok("C.UTF-8", "create v /ä.img --size 1M");
        ok("C", "stat v /ä.img");
        ok("C", "create v /ñ.img --size 1M");
        assertThat(holdfast("C", "rm v /ç.img").status()).isEqualTo(5);
        ok("C", "mv v /ñ.img /日本.img");
        for (String locale : List.of("C", "C.UTF-8")) {
            assertThat(holdfast(locale, "ls v").out()).as(locale).isEqualTo("ä.img\n日本.img\n");
        }
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() throws IOException {
        ok("C.UTF-8", "format v --size 64M");
        ok("C.UTF-8", "create v $'/\\xef\\xbf\\xbd' --size 1M");
        for (String locale : List.of("C", "C.UTF-8")) {
            JavaProcess.Result result = holdfast(locale, "rm v $'/\\xff'");
            assertThat(result.status()).as(locale).isEqualTo(2);
            assertThat(result.err()).contains("argument 3, '/\\xff', is not UTF-8");
        }
        ok("C", "rm v $'/\\xef\\xbf\\xbd'");
    }

    @Test
    void aFileThatTheVirtualMachineCannotNameIsRefused() throws IOException {
        JavaProcess.Result result = holdfast("C", "format ö --size 64M");
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains("'ö'").contains("LC_ALL=C.UTF-8");
        assertThat(folder).isEmptyDirectory();
        ok("C.UTF-8", "format ö --size 64M");
        assertThat(folder.resolve("ö")).exists();
    }

    @Test
    void aWorkingDirectoryThatIsNotUtf8IsNotTakenForAnother() throws IOException {
        // The virtual machine turns $'d\xff' into $'d\uFFFD'.
        ok("C.UTF-8", "format v --size 64M; mkdir $'d\\xff' $'d\\xef\\xbf\\xbd'; mv v $'d\\xef\\xbf\\xbd'");
        JavaProcess.Result wrong = holdfast("C.UTF-8", "cd $'d\\xff'", "ls v");
        assertThat(wrong.status()).isEqualTo(2);
        assertThat(wrong.err()).contains("working directory").contains("absolute path");
        assertThat(holdfast("C.UTF-8", "cd $'d\\xff'", "ls $'" + folder + "/d\\xef\\xbf\\xbd/v'")
                        .status())
                .isZero();
        assertThat(holdfast("C.UTF-8", "cd $'d\\xef\\xbf\\xbd'", "ls v").status())
                .isZero();
    }
}
