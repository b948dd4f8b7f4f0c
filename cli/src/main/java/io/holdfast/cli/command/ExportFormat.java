package io.holdfast.cli.command;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.copy.Target;
import io.holdfast.cli.copy.Targets;
import io.holdfast.cli.image.Qcow2Target;
import io.holdfast.cli.image.ZstdTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How an exported file has the bytes of the disk. */
enum ExportFormat {
    RAW("raw"),
    QCOW2("qcow2"),
    ZSTD("raw.zst");

    private final String title;

    ExportFormat(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** Opens a target in this format. A format that is not raw needs a file of its own, which ends where it ends. */
    Target over(Targets targets, Path file, boolean force, long size) throws IOException {
        if (this == QCOW2) {
            Qcow2Target.requireFits(file.toString(), size);
        }
        if (this != RAW && targets.isDevice(file)) {
            throw new UsageException(file + " is a block device, which has no end of its own; export with --format raw"
                    + (this == QCOW2
                            ? ", or export to a file and: qemu-img convert -n -f qcow2 -O qcow2 FILE " + file
                            : ", or export - --format raw.zst and put the stream where it belongs"));
        }
        if (this == QCOW2 && targets.isStream(file)) {
            throw stream();
        }
        return wrap(targets.open(file, force, size));
    }

    /** Makes a stream one of this format. */
    Target over(Target stream) throws IOException {
        if (this == QCOW2) {
            throw stream();
        }
        return wrap(stream);
    }

    private static UsageException stream() {
        return new UsageException(
                "qcow2 cannot go to a pipe: its header is known last; export to a file, or use --format raw.zst");
    }

    private Target wrap(Target target) throws IOException {
        return switch (this) {
            case RAW -> target;
            case QCOW2 -> new Qcow2Target(target);
            case ZSTD -> new ZstdTarget(target);
        };
    }

    /** Converts an argument. */
    static final class Converter implements ITypeConverter<ExportFormat> {
        @Override
        public ExportFormat convert(String value) {
            return Arrays.stream(values())
                    .filter(format -> format.title.equalsIgnoreCase(value))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + value + "' is no format to export to; there are raw, qcow2 and raw.zst"));
        }
    }
}
