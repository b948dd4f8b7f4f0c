package io.holdfast.cli.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds out whether standard error leads to the journal of systemd. */
public final class Journal {
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    private Journal() {}

    /** Returns whether this process writes its log into the journal. */
    public static boolean reads() {
        return reads(System.getenv("JOURNAL_STREAM"), STANDARD_ERROR);
    }

    /**
     * Returns whether a file is the stream that the journal reads.
     *
     * @param stream device and inode as systemd.exec(5) says, with a colon between; null if there is none. A process inherits it, also
     *     when its streams lead elsewhere
     */
    static boolean reads(@Nullable String stream, Path file) {
        if (stream == null) {
            return false;
        }
        try {
            Map<String, Object> known = Files.readAttributes(file, "unix:dev,ino");
            return stream.equals(known.get("dev") + ":" + known.get("ino"));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return false;
        }
    }
}
