package io.holdfast.cli.copy;

import io.holdfast.cli.host.StandardOutput;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;

/** Exports to a pipe: holes are written out as zeroes. */
public final class StreamTarget implements Target {
    private static final int ZERO_BYTES = 1 << 16;

    private final String name;
    private final WritableByteChannel channel;
    private final Check check;
    private final AutoCloseable end;
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(ZERO_BYTES);
    private long position;

    /** Fails if not all that was written has arrived. */
    @FunctionalInterface
    private interface Check {
        void run() throws IOException;
    }

    private StreamTarget(String name, WritableByteChannel channel, Check check, AutoCloseable end) {
        this.name = name;
        this.channel = channel;
        this.check = check;
        this.end = end;
    }

    /** Exports to standard output, which must be asked for its errors. It stays open. */
    public static StreamTarget standardOutput(PrintStream out) {
        return new StreamTarget(
                "standard output", Channels.newChannel(out), () -> StandardOutput.requireWritten(out), () -> {});
    }

    /** Exports to a pipe, which is closed at the end. */
    static StreamTarget pipe(String name, WritableByteChannel pipe) {
        return new StreamTarget(name, pipe, () -> {}, pipe);
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        fillTo(offset);
        position += data.remaining();
        put(data);
    }

    private void fillTo(long offset) throws IOException {
        while (position < offset) {
            zeroes.clear().limit((int) Math.min(ZERO_BYTES, offset - position));
            position += zeroes.remaining();
            put(zeroes);
        }
    }

    private void put(ByteBuffer data) throws IOException {
        try {
            while (data.hasRemaining()) {
                channel.write(data);
            }
        } catch (IOException e) {
            throw IoFailures.named(name, e);
        }
        check.run();
    }

    @Override
    public void finish(long size) throws IOException {
        fillTo(size);
        check.run();
    }

    @Override
    public void close() throws IOException {
        try {
            end.close();
        } catch (IOException e) {
            throw IoFailures.named(name, e);
        } catch (Exception e) {
            throw new IOException(name + " cannot be closed", e);
        }
    }
}
