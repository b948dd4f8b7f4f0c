package io.holdfast.nbd;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes certificate directories as QEMU and libnbd have them, with openssl. */
final class TestCertificates {
    private TestCertificates() {}

    /** Makes a directory with an authority, a server's and a client's certificate, with EC keys in PKCS#8. */
    static Path make(Path parent) throws IOException {
        Program.needs("openssl");
        Path pki = Files.createTempDirectory(parent, "pki");
        openssl(
                pki,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=test authority",
                "-keyout",
                "ca-key.pem",
                "-out",
                "ca-cert.pem");
        issue(pki, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
        issue(pki, "client", "extendedKeyUsage=clientAuth");
        return pki;
    }

    private static void issue(Path pki, String name, String extension) throws IOException {
        Files.writeString(pki.resolve(name + ".ext"), extension + "\n");
        openssl(
                pki,
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + "-key.pem",
                "-out",
                name + ".csr");
        openssl(
                pki,
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                "ca-cert.pem",
                "-CAkey",
                "ca-key.pem",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                name + ".ext",
                "-out",
                name + "-cert.pem");
    }

    static void openssl(Path directory, String... arguments) throws IOException {
        String[] all = new String[arguments.length + 1];
        all[0] = "openssl";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        Program.run(directory, all);
    }
}
