package io.holdfast.nbd.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Converts older encodings of private keys to PKCS#8, the only one that the JDK reads:
 *
 * <pre>
 * PrivateKeyInfo ::= SEQUENCE { version INTEGER 0, SEQUENCE { algorithm OID, parameters }, OCTET STRING key }
 * </pre>
 *
 * (RFC 5208; PKCS#1: RFC 8017 A.1.2; SEC 1: RFC 5915.)
 */
final class Pkcs8 {
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final int EC_PARAMETERS = 0xa0;
    private static final byte[] VERSION_0 = {0x02, 1, 0};
    private static final byte[] RSA_ENCRYPTION = {
        0x06, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 0x05, 0
    };
    private static final byte[] EC_PUBLIC_KEY = {0x06, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

    private Pkcs8() {}

    static byte[] wrapRsa(byte[] pkcs1) {
        return keyInfo(RSA_ENCRYPTION, pkcs1);
    }

    /** The curve stands in the key itself: ECPrivateKey ::= SEQUENCE { INTEGER 1, OCTET STRING, [0] OID, … }. */
    static byte[] wrapEc(byte[] sec1) throws IOException {
        ByteBuffer sequence = element(ByteBuffer.wrap(sec1), SEQUENCE);
        while (sequence.hasRemaining()) {
            int tag = Byte.toUnsignedInt(sequence.get(sequence.position()));
            ByteBuffer content = element(sequence, tag);
            if (tag == EC_PARAMETERS) {
                byte[] curve = new byte[content.remaining()];
                content.get(curve);
                return keyInfo(concat(EC_PUBLIC_KEY, curve), sec1);
            }
        }
        throw new IOException("the EC private key does not name its curve");
    }

    private static byte[] keyInfo(byte[] algorithm, byte[] key) {
        return encode(SEQUENCE, concat(VERSION_0, encode(SEQUENCE, algorithm), encode(OCTET_STRING, key)));
    }

    /** Takes one DER element off the buffer and returns its content. */
    private static ByteBuffer element(ByteBuffer der, int tag) throws IOException {
        if (der.remaining() < 2 || Byte.toUnsignedInt(der.get()) != tag) {
            throw new IOException("the EC private key is not valid DER");
        }
        int length = Byte.toUnsignedInt(der.get());
        if (length > 0x80) {
            int bytes = length - 0x80;
            length = 0;
            if (bytes > 2 || bytes > der.remaining()) {
                throw new IOException("the EC private key is not valid DER");
            }
            for (int i = 0; i < bytes; i++) {
                length = length << 8 | Byte.toUnsignedInt(der.get());
            }
        }
        if (length > der.remaining()) {
            throw new IOException("the EC private key is cut short");
        }
        ByteBuffer content = der.slice(der.position(), length);
        der.position(der.position() + length);
        return content;
    }

    private static byte[] encode(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else if (content.length < 0x100) {
            out.write(0x81);
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
