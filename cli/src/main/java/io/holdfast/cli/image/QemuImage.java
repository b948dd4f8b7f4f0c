package io.holdfast.cli.image;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.copy.Source;
import io.holdfast.cli.host.Tools;
import io.holdfast.cli.peer.NbdUri;
import io.holdfast.cli.text.Json;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Opens an image in a format of QEMU by way of qemu-nbd, which serves its contents to this process alone, at a socket in a
 * private folder. Nothing is written anywhere.
 *
 * <p>{@link Inspection} looks at the image first, then qemu-img checks it: that finds clusters in use twice, and tables that do not fit
 * each other. When qemu-nbd has opened the image, {@link OpenFiles} makes sure that it has opened what was inspected and nothing else:
 * whoever may write to the file could have changed it since. qemu-img ends before anybody can look what it has open; so
 * {@link ImageParts} is asked afterwards.
 */
final class QemuImage {
    private static final int CHECK_LEAKS = 3;
    private static final int CHECK_NOT_POSSIBLE = 63;

    private final String file;
    private final Path path;
    private final ImageFormat format;
    private final boolean device;

    private QemuImage(Path file, ImageFormat format, boolean device) throws IOException {
        this.file = file.toString();
        // /dev/stdin and the like lead elsewhere in another process.
        this.path = file.toRealPath();
        this.format = format;
        this.device = device;
    }

    /**
     * Opens.
     *
     * @param device the image is on a block device
     * @param guard ends QEMU's programs if the command does not end by itself
     */
    static Source open(Path file, ImageFormat format, boolean device, Cancellation.Guard guard) throws IOException {
        QemuImage image = new QemuImage(file, format, device);
        for (String tool : List.of("qemu-img", "qemu-nbd")) {
            if (Tools.find(tool).isEmpty()) {
                throw new HoldfastException(
                        ErrorCode.UNSUPPORTED,
                        file + " is " + format.title() + ", and " + tool
                                + ", which reads it, is not installed (on Debian:"
                                + " apt install qemu-utils); to take its bytes as they are, use --format raw");
            }
        }
        ImageParts parts = Inspection.require(image.path, image.file, format, guard);
        image.check(guard);
        parts.requireUnchanged(image.file);
        return new UnchangedSource(image.serve(guard, parts), image.file, parts);
    }

    /** Returns the image as QEMU's programs name it. Says of every layer what it is, so that QEMU guesses nothing. */
    private String name() {
        Map<String, Object> node = Json.object("driver", format.tool());
        if (List.of(ImageFormat.QCOW2, ImageFormat.QCOW, ImageFormat.QED, ImageFormat.VMDK)
                .contains(format)) {
            node.put("backing", null);
        }
        node.put("file", Json.object("driver", device ? "host_device" : "file", "filename", path.toString()));
        return "json:" + Json.line(node);
    }

    private void check(Cancellation.Guard guard) throws IOException {
        try (QemuProgram check = guard.of(QemuProgram.start(List.of("qemu-img", "check", name())))) {
            switch (check.awaitEnd()) {
                case 0, CHECK_LEAKS -> {}
                case CHECK_NOT_POSSIBLE -> {}
                case QemuProgram.CPU_EXCEEDED ->
                    throw broken("qemu-img check had computed for " + QemuProgram.CPU_SECONDS + " s and was not done");
                default -> throw broken(check.errors());
            }
        }
    }

    private HoldfastException broken(String why) {
        if (why.contains("Failed to get shared")) {
            return new HoldfastException(
                    ErrorCode.IN_USE,
                    file + " is in use, by a virtual machine or another program; end that use, or import from it: let"
                            + " QEMU export the disk (nbd-server-start, nbd-server-add) and import nbd+unix:///NAME?socket=PATH");
        }
        return Refusal.broken(file, format, why);
    }

    private Source serve(Cancellation.Guard guard, ImageParts parts) throws IOException {
        Path folder = Files.createTempDirectory(QemuProgram.FOLDER);
        QemuProgram server = null;
        boolean done = false;
        try {
            List<String> command = new ArrayList<>(List.of("qemu-nbd", "--read-only"));
            command.addAll(
                    List.of("--pid-file=" + folder.resolve("pid"), "--socket=" + folder.resolve("socket"), name()));
            server = guard.of(QemuProgram.server(folder, command));
            if (!server.awaitReady()) {
                throw broken(server.errors());
            }
            OpenFiles.require(server.pid(), folder, file, parts);
            QemuProgram started = server;
            Source source = NbdUri.connect(file, UnixDomainSocketAddress.of(folder.resolve("socket")), "", started);
            done = true;
            return guard.of(source);
        } finally {
            if (!done && server != null) {
                server.close();
            } else if (!done) {
                Files.deleteIfExists(folder);
            }
        }
    }
}
