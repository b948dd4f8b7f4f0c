package io.holdfast.cli.host;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A stream to print to, in UTF-8 in any locale. It keeps the reason of a failed write; a plain {@link PrintStream}
 * keeps only the fact. It tells a reader that has left from all other reasons. The virtual machine ignores SIGPIPE, so the
 * command has to end by itself where another program would die of the signal.
 */
public final class StandardOutput extends PrintStream {
    private static final int BUFFER_BYTES = 8192;

    private final Sink sink;

    private StandardOutput(Sink sink) {
        super(new BufferedOutputStream(sink, BUFFER_BYTES), true, StandardCharsets.UTF_8);
        this.sink = sink;
    }

    /** Returns a stream that prints to {@code to}. */
    public static StandardOutput to(OutputStream to) {
        return new StandardOutput(new Sink(to));
    }

    /** Drops what is printed after the reader has left, as if it had been written. */
    public static void letReaderLeave(PrintStream out) {
        if (out instanceof StandardOutput standard) {
            standard.sink.readerMayLeave = true;
        }
    }

    /**
     * Fails unless everything printed so far has been written.
     *
     * @throws ReaderGoneException if the reader of it has left
     * @throws IOException with the reason if some of it was not written
     */
    public static void requireWritten(PrintStream out) throws IOException {
        if (!out.checkError()) {
            return;
        }
        IOException reason = out instanceof StandardOutput standard ? standard.sink.failure : null;
        if (reason instanceof ReaderGoneException gone) {
            throw gone;
        }
        throw new IOException(
                "cannot write to standard output: " + (reason == null ? "it failed" : reason.getMessage()), reason);
    }

    /** Remembers the first failure. */
    private static final class Sink extends FilterOutputStream {
        private volatile @Nullable IOException failure;
        private volatile boolean readerMayLeave;

        Sink(OutputStream to) {
            super(to);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                boolean left = isReaderGone(e);
                if (left && readerMayLeave) {
                    return;
                }
                if (failure == null) {
                    failure = left ? new ReaderGoneException(e) : e;
                }
                throw e;
            }
        }

        /** Java has no number of the error, only the system's text; the command runs in the locale C.UTF-8. */
        private static boolean isReaderGone(IOException e) {
            String text = String.valueOf(e.getMessage());
            return text.contains("Broken pipe") || text.contains("Connection reset by peer");
        }
    }
}
