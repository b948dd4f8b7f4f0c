package io.holdfast.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A resumed session brings the certificate of an earlier handshake along, which nobody verifies again. */
class ExpiredPeerTest {
    @TempDir
    Path directory;

    @Test
    void aCertificateThatHasExpiredSinceIsRefused() throws IOException, CertificateException {
        Program.needs("openssl");
        Program.run(
                directory,
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=a"
                        .split(" "));
        X509Certificate certificate;
        try (InputStream in = Files.newInputStream(directory.resolve("cert.pem"))) {
            certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        assertThat(Transport.requireValid(certificate, Instant.now())).isSameAs(certificate);
        Instant later = Instant.now().plus(Duration.ofDays(3));
        assertThatThrownBy(() -> Transport.requireValid(certificate, later))
                .isInstanceOf(TlsFailure.class)
                .hasMessageContaining("not valid at this time");
    }
}
