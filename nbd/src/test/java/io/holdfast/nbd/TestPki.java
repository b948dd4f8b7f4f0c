package io.holdfast.nbd;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Authorities and certificates of all kinds for tests, made by certtool. There is one key of each kind, since only the
 * certificates must differ.
 */
final class TestPki {
    private final Path folder;

    TestPki(Path folder) {
        Program.needs("certtool", "openssl");
        this.folder = folder;
    }

    /** A kind of key, and the format of its file. */
    enum Key {
        RSA("--key-type=rsa --bits=2048", ""),
        RSA_PKCS1("--key-type=rsa --bits=2048", "-traditional"),
        EC("--key-type=ecdsa --curve=secp256r1", ""),
        EC_SEC1("--key-type=ecdsa --curve=secp384r1", "-traditional"),
        ED25519("--key-type=ed25519", "");

        private final String making;
        private final String form;

        Key(String making, String form) {
            this.making = making;
            this.form = form;
        }
    }

    private Path key(Key kind) throws IOException {
        Path key = folder.resolve("key-" + kind + ".pem");
        if (!Files.exists(key)) {
            certtool("--generate-privkey --no-text --pkcs8 --password= --outfile made.pem " + kind.making);
            openssl("pkey -in made.pem -out " + key + " " + kind.form);
        }
        return key;
    }

    /** Makes an authority that signs itself. */
    void authority(String name, Key kind, String... template) throws IOException {
        certtool("--generate-self-signed --load-privkey " + key(kind) + " --template "
                + template(name, authorityLines(template)) + " --outfile " + cert(name));
        Files.copy(key(kind), signingKey(name), StandardCopyOption.REPLACE_EXISTING);
    }

    /** Makes an authority that another one vouches for. */
    void authorityBelow(String issuer, String name, Key kind) throws IOException {
        issue(issuer, name, kind, authorityLines());
        Files.copy(key(kind), signingKey(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String[] authorityLines(String... more) {
        List<String> lines = new ArrayList<>(List.of("ca", "cert_signing_key", "crl_signing_key"));
        lines.addAll(List.of(more));
        return lines.toArray(String[]::new);
    }

    /** Makes a certificate with the lines of certtool's template. */
    void issue(String issuer, String name, Key kind, String... template) throws IOException {
        certtool("--generate-certificate --load-privkey " + key(kind) + " --load-ca-certificate " + cert(issuer)
                + " --load-ca-privkey " + signingKey(issuer) + " --template " + template(name, template) + " --outfile "
                + cert(name));
    }

    /** Makes a revocation list that names these certificates. */
    void revoke(String issuer, String list, String template, String... names) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : names) {
            all.append(Files.readString(cert(name)));
        }
        Path revoked = Files.writeString(folder.resolve(list + "-revoked.pem"), all);
        certtool("--generate-crl --load-ca-certificate " + cert(issuer) + " --load-ca-privkey " + signingKey(issuer)
                + (names.length == 0 ? "" : " --load-certificate " + revoked) + " --template "
                + Files.writeString(folder.resolve(list + ".tmpl"), template + "\n") + " --outfile "
                + folder.resolve(list + ".crl"));
    }

    /** Returns a new directory for a server: the key and certificates {@code chain}, whose first is its own. */
    Path server(String name, Key kind, String... chain) throws IOException {
        return directory(name, "server", kind, chain);
    }

    Path client(String name, Key kind, String... chain) throws IOException {
        return directory(name, "client", kind, chain);
    }

    private Path directory(String name, String role, Key kind, String... chain) throws IOException {
        Path directory = Files.createDirectory(folder.resolve(name));
        authorities(directory, "ca");
        if (chain.length > 0) {
            Files.copy(key(kind), directory.resolve(role + "-key.pem"));
            join(directory.resolve(role + "-cert.pem"), chain);
        }
        return directory;
    }

    /** Makes these the authorities of a directory. */
    void authorities(Path directory, String... names) throws IOException {
        join(directory.resolve("ca-cert.pem"), names);
    }

    /** Puts revocation lists into a directory. */
    void lists(Path directory, String... lists) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String list : lists) {
            all.append(Files.readString(folder.resolve(list + ".crl")));
        }
        Files.writeString(directory.resolve("ca-crl.pem"), all);
    }

    private void join(Path file, String... names) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : names) {
            all.append(Files.readString(cert(name)));
        }
        Files.writeString(file, all);
    }

    private Path cert(String name) {
        return folder.resolve(name + ".crt");
    }

    private Path signingKey(String name) {
        return folder.resolve(name + ".key");
    }

    private Path template(String name, String... lines) throws IOException {
        List<String> all = new ArrayList<>(List.of("cn = \"" + name + "\""));
        all.addAll(List.of(lines));
        if (all.stream().noneMatch(line -> line.startsWith("expiration"))) {
            all.add("expiration_days = 2");
        }
        return Files.write(folder.resolve(name + ".tmpl"), all);
    }

    private void certtool(String arguments) throws IOException {
        Program.run(folder, ("certtool " + arguments).split(" "));
    }

    void openssl(String arguments) throws IOException {
        Program.run(folder, ("openssl " + arguments).strip().split(" +"));
    }
}
