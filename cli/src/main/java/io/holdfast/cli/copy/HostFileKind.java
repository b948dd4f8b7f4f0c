package io.holdfast.cli.copy;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The kind of file at a path of the machine. Only some kinds have a size, an end, or contents that can be replaced. */
enum HostFileKind {
    REGULAR("a regular file"),
    DIRECTORY("a directory"),
    BLOCK_DEVICE("a block device"),
    CHARACTER_DEVICE("a character device"),
    PIPE("a pipe"),
    SOCKET("a socket"),
    OTHER("no file");

    private static final int TYPE = 0170000;

    private final String words;

    HostFileKind(String words) {
        this.words = words;
    }

    /** Returns the kind of the file at the path, following symbolic links. */
    static HostFileKind of(Path file) throws IOException {
        try {
            if (file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
                return ofMode((Integer) Files.getAttribute(file, "unix:mode"));
            }
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.isRegularFile() ? REGULAR : attributes.isDirectory() ? DIRECTORY : OTHER;
        } catch (NoSuchFileException e) {
            if (Files.isSymbolicLink(file)) {
                throw new HoldfastException(
                        ErrorCode.NOT_FOUND,
                        file + " is a symbolic link to what is not there: " + Files.readSymbolicLink(file),
                        e);
            }
            throw e;
        }
    }

    private static HostFileKind ofMode(int mode) {
        return switch (mode & TYPE) {
            case 0100000 -> REGULAR;
            case 0040000 -> DIRECTORY;
            case 0060000 -> BLOCK_DEVICE;
            case 0020000 -> CHARACTER_DEVICE;
            case 0010000 -> PIPE;
            case 0140000 -> SOCKET;
            default -> OTHER;
        };
    }

    /** Returns an error that names this kind and says what to do instead. */
    HoldfastException refusal(Path file, String instead) {
        return new HoldfastException(
                this == DIRECTORY ? ErrorCode.IS_A_DIRECTORY : ErrorCode.INVALID,
                file + " is " + words + "; " + instead);
    }
}
