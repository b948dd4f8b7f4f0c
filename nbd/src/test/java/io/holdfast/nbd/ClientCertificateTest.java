package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientCertificateTest {
    @TempDir
    Path directory;

    private X509Certificate certificate(String subject) throws IOException, CertificateException {
        TestCertificates.openssl(
                directory,
                ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem -subj "
                                + subject)
                        .split(" "));
        try (InputStream in = Files.newInputStream(directory.resolve("cert.pem"))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** Who may choose a part of his name must not become another by it. */
    @ParameterizedTest
    @CsvSource({
        "/CN=a,true",
        "/O=x/CN=a,true",
        "/O=x+CN=a,true",
        "/CN=a+CN=b,false",
        "/CN=b+CN=a,false",
        "/CN=a/CN=b,false",
        "/O=a,false"
    })
    void onlyTheOneCommonNameCounts(String subject, boolean meant) throws IOException, CertificateException {
        X509Certificate found = certificate(subject);
        assertThat(ClientCertificate.parse("a").matches(found)).isEqualTo(meant);
        assertThat(ClientCertificate.parse("b").matches(found)).isFalse();
        assertThat(ClientCertificate.parse("sha256:" + ClientCertificate.Fingerprint.of(found))
                        .matches(found))
                .isTrue();
    }
}
