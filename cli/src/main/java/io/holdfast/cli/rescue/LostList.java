package io.holdfast.cli.rescue;

import io.holdfast.cli.copy.Loss;
import io.holdfast.cli.copy.Losses;
import io.holdfast.cli.text.Names;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The file that lists what a rescue could not read: a line for each place. It is written on the way, so nothing piles up. */
final class LostList implements AutoCloseable {
    static final String NAME = "LOST.txt";

    private final FileChannel channel;
    private final BufferedWriter writer;
    private long places;
    private long bytes;

    private LostList(FileChannel channel) {
        this.channel = channel;
        this.writer = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
    }

    static LostList create(Path target) throws IOException {
        return new LostList(
                FileChannel.open(target.resolve(NAME), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /** Returns how many places are lost. */
    long places() {
        return places;
    }

    /** Returns how many bytes of files that were copied are lost. */
    long bytes() {
        return bytes;
    }

    /** Adds something that is lost, or is damage of the volume as a whole. */
    void add(String what) throws IOException {
        places++;
        note(what);
    }

    /** Adds what is missing in the copy of a file. */
    void add(String path, Losses losses) throws IOException {
        for (Loss loss : losses.listed()) {
            note(path + ": " + loss.text());
        }
        long more = losses.ranges() - losses.listed().size();
        if (more > 0) {
            note(path + ": " + more + " more places");
        }
        places += losses.ranges();
        bytes += losses.bytes();
    }

    /** Adds a line about which there is nothing to count. */
    void note(String line) throws IOException {
        writer.write(Names.printable(line));
        writer.newLine();
    }

    @Override
    public void close() throws IOException {
        try (writer) {
            writer.flush();
            channel.force(true);
        }
    }
}
