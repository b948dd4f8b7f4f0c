package io.holdfast.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** Paths as the system takes them. */
final class NativePath {
    private static final Charset CHARSET =
            Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"), Charset.defaultCharset());

    private NativePath() {}

    /** Returns a path as a string that ends with a zero byte. */
    static MemorySegment string(Path path, Arena arena) {
        byte[] name = path.toString().getBytes(CHARSET);
        MemorySegment string = arena.allocate(name.length + 1L);
        string.copyFrom(MemorySegment.ofArray(name));
        return string;
    }
}
