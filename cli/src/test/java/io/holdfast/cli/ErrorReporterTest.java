package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of an error of a device: that something is damaged only if that may be so. */
class ErrorReporterTest {
    private static String said(IOException cause) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(out, true, StandardCharsets.UTF_8);
        ExitCode exit = new ErrorReporter(err, false, false, true)
                .report(new HoldfastException(ErrorCode.DEVICE_ERROR, "v cannot be opened: why", cause));
        assertThat(exit).isEqualTo(ExitCode.FAILURE);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void whoMayNotOpenAVolumeIsToldWhoMay() {
        assertThat(said(new AccessDeniedException("v")))
                .isEqualTo("holdfast: v cannot be opened: why; run as its owner or as root\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Too many open files", "Read-only file system", "Device or resource busy"})
    void whatTheSystemRefusesIsNoDamage(String reason) {
        assertThat(said(new FileSystemException("v", null, reason))).doesNotContain(DamageAdvice.TEXT);
    }

    @Test
    void whatADeviceCannotReadMayBe() {
        assertThat(said(new IOException("Input/output error"))).contains(DamageAdvice.TEXT);
        assertThat(said(new FileSystemException("v", null, "Input/output error")))
                .contains(DamageAdvice.TEXT);
    }
}
