package io.holdfast.cli.image;

import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Looks which files and sockets a program has open. */
final class OpenFiles {
    private final Path process;
    private final Path own;
    private final String name;
    private final ImageParts parts;

    private OpenFiles(long pid, Path own, String name, ImageParts parts) {
        this.process = Path.of("/proc", Long.toString(pid));
        this.own = own;
        this.name = name;
        this.parts = parts;
    }

    /**
     * Fails if the program has a file, device or socket open that is neither a part of the image, as it was when that was looked at, nor
     * the program's own.
     *
     * @param own the program's private folder, in which it may listen at {@code socket}
     */
    static void require(long pid, Path own, String name, ImageParts parts) throws IOException {
        OpenFiles files = new OpenFiles(pid, own.toRealPath(), name, parts);
        try (DirectoryStream<Path> open = Files.newDirectoryStream(files.process.resolve("fd"))) {
            for (Path descriptor : open) {
                files.require(descriptor);
            }
        }
    }

    private void require(Path descriptor) throws IOException {
        try {
            Path target = Files.readSymbolicLink(descriptor);
            if (target.isAbsolute()) {
                boolean given = target.equals(Path.of("/dev/null")) || target.startsWith(own);
                // The descriptor leads to the very file that is open, whatever has its name by now.
                if (!given && !parts.has(FileState.of(descriptor))) {
                    throw changed(target.toString());
                }
            } else if (target.toString().startsWith("socket:[")) {
                socket(target.toString());
            }
        } catch (NoSuchFileException closed) {
            // It is not open any more.
        }
    }

    /** Fails for a socket that is not the one at which the program serves. */
    private void socket(String target) throws IOException {
        String inode = target.substring(target.indexOf('[') + 1, target.length() - 1);
        // Of a path as of everything else there this has the bytes.
        String served = new String(
                own.resolve("socket").toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        for (String line : Files.readAllLines(process.resolve("net/unix"), StandardCharsets.ISO_8859_1)) {
            String[] fields = line.split(" +", 8);
            if (fields.length == 8 && fields[6].equals(inode) && fields[7].equals(served)) {
                return;
            }
        }
        throw changed("a connection");
    }

    private HoldfastException changed(String what) {
        return Refusal.invalid(name + " made QEMU open " + what
                + ", so it was changed while it was looked at; copy it to where nobody else writes, and import that");
    }
}
