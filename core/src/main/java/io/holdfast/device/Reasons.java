package io.holdfast.device;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Says in words why the system refused something with a file. Java's exceptions often have the path alone. */
final class Reasons {
    private Reasons() {}

    /**
     * Returns why {@code path} could not be created. Does not name the path, but names its directory if that is
     * missing.
     */
    static String notCreated(Path path, IOException cause) {
        Path parent = path.toAbsolutePath().getParent();
        if (cause instanceof NoSuchFileException && parent != null && !Files.isDirectory(parent)) {
            return "there is no directory " + parent;
        }
        return of(cause);
    }

    /** Returns the reason alone, without the path. */
    static String of(IOException cause) {
        String message = cause.getMessage();
        return switch (cause) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "no such file or directory";
            case FileSystemException e
            when e.getReason() != null -> e.getReason().toLowerCase(Locale.ROOT);
            default -> message == null ? cause.getClass().getSimpleName() : message;
        };
    }

    /**
     * Returns whether there was no room. Java's own channels tell ENOSPC and EDQUOT only by the text that the system
     * has for them.
     */
    static boolean isNoRoom(IOException cause) {
        String text = String.valueOf(cause.getMessage());
        return cause instanceof NoRoomException
                || text.contains("No space left on device")
                || text.contains("Disk quota exceeded");
    }
}
