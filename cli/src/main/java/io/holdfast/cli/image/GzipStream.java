package io.holdfast.cli.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses gzip as RFC 1952 has it: all members, one behind the other, each with its checksum and length. Zeroes behind the last one
 * are padding. Anything else there is an error: {@code GZIPInputStream} drops it in silence, and a damaged second member with it.
 */
final class GzipStream extends BulkStream {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int DEFLATE = 8;
    private static final int FLAG_HEADER_CHECKSUM = 1 << 1;
    private static final int FLAG_EXTRA = 1 << 2;
    private static final int FLAG_NAME = 1 << 3;
    private static final int FLAG_COMMENT = 1 << 4;
    private static final int FLAGS_UNKNOWN = 0xe0;

    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    /** The next byte of {@link #buffer} that belongs to no member so far, and the end of what was read. */
    private int at;

    private int limit;
    private long memberBytes;
    private boolean anyMember;
    private boolean inMember;

    GzipStream(InputStream in) {
        this.in = in;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        while (length > 0) {
            if (!inMember && !begin()) {
                return -1;
            }
            int read = inflate(bytes, from, length);
            if (read > 0) {
                checksum.update(bytes, from, read);
                memberBytes += read;
                return read;
            }
            if (inflater.finished()) {
                end();
            } else if (inflater.needsInput()) {
                if (!fill()) {
                    throw new EOFException();
                }
                inflater.setInput(buffer, 0, limit);
            } else {
                throw new IOException("it needs a dictionary");
            }
        }
        return 0;
    }

    private int inflate(byte[] bytes, int from, int length) throws IOException {
        try {
            return inflater.inflate(bytes, from, length);
        } catch (DataFormatException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Reads the header of the next member. Returns false if there is none. */
    private boolean begin() throws IOException {
        int first = next();
        if (anyMember) {
            boolean padded = first == 0;
            while (first == 0) {
                first = next();
            }
            if (first >= 0 && (padded || first != 0x1f)) {
                throw new IOException("something else is behind its last member");
            }
            if (first < 0) {
                return false;
            }
        }
        if (first != 0x1f || must() != 0x8b || must() != DEFLATE) {
            throw new IOException("a member does not begin as it should");
        }
        int flags = must();
        skip(6);
        if ((flags & FLAGS_UNKNOWN) != 0) {
            throw new IOException("a member has flags that nobody knows");
        }
        if ((flags & FLAG_EXTRA) != 0) {
            int low = must();
            skip(low | must() << 8);
        }
        skipText(flags & FLAG_NAME);
        skipText(flags & FLAG_COMMENT);
        skip((flags & FLAG_HEADER_CHECKSUM) != 0 ? 2 : 0);
        inflater.reset();
        inflater.setInput(buffer, at, limit - at);
        checksum.reset();
        memberBytes = 0;
        anyMember = true;
        inMember = true;
        return true;
    }

    private void end() throws IOException {
        at = limit - inflater.getRemaining();
        inMember = false;
        if (number() != checksum.getValue() || number() != (memberBytes & 0xFFFF_FFFFL)) {
            throw new IOException("its checksum is another one");
        }
    }

    /** Reads 32 bits, little-endian. */
    private long number() throws IOException {
        long low = must() | must() << 8 | must() << 16;
        return low | (long) must() << 24;
    }

    private void skipText(int flag) throws IOException {
        while (flag != 0 && must() != 0) {
            // up to the zero at its end
        }
    }

    private void skip(int bytes) throws IOException {
        for (int i = 0; i < bytes; i++) {
            must();
        }
    }

    private int must() throws IOException {
        int next = next();
        if (next < 0) {
            throw new EOFException();
        }
        return next;
    }

    private int next() throws IOException {
        return at < limit || fill() ? buffer[at++] & 0xFF : -1;
    }

    private boolean fill() throws IOException {
        at = 0;
        limit = Math.max(0, in.read(buffer, 0, BUFFER_BYTES));
        return limit > 0;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }
}
