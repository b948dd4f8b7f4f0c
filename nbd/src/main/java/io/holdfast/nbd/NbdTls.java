package io.holdfast.nbd;

import java.nio.file.Path;

/**
 * Encryption with X.509 certificates.
 *
 * @param certificates directory with {@code ca-cert.pem}, {@code server-cert.pem}, {@code server-key.pem} (PKCS#8,
 *     PKCS#1 or SEC 1) and optionally {@code ca-crl.pem}, as QEMU and nbdkit have it
 * @param verifyPeer clients must present a certificate signed by {@code ca-cert.pem}; without it that file is not read
 * @param required refuse unencrypted clients; if false they are served too
 */
public record NbdTls(Path certificates, boolean verifyPeer, boolean required) {}
