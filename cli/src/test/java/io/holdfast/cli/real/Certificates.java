package io.holdfast.cli.real;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes a certificate directory as QEMU and libnbd have them, with openssl. */
final class Certificates {
    private static final String EC = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

    private Certificates() {}

    /** Makes a directory with an authority, a server's and a client's certificate. */
    static Path make(Path parent) throws IOException {
        Path pki = Files.createDirectory(parent.resolve("pki"));
        openssl(pki, "req -x509 " + EC + " -days 2 -subj /CN=authority -keyout ca-key.pem -out ca-cert.pem");
        issue(pki, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
        issue(pki, "client", "extendedKeyUsage=clientAuth");
        return pki;
    }

    private static void issue(Path pki, String name, String extension) throws IOException {
        Files.writeString(pki.resolve(name + ".ext"), extension + "\n");
        openssl(pki, "req " + EC + " -subj /CN=" + name + " -keyout " + name + "-key.pem -out " + name + ".csr");
        openssl(
                pki,
                "x509 -req -in " + name + ".csr -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile "
                        + name + ".ext -out " + name + "-cert.pem");
    }

    private static void openssl(Path folder, String arguments) throws IOException {
        Program.run(folder, ("openssl " + arguments).split(" "));
    }
}
