package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.copy.LateData;
import io.holdfast.cli.host.HostPath;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ChecksumAlgorithm;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast format}. */
@Command(name = "format", description = "Make an empty volume in a file or block device.")
final class FormatCommand extends HoldfastCommand {
    private static final String WHOLE_DEVICE = "0";
    private static final long ENGINE_LOOKS_BYTES = 1 << 20;

    @Parameters(
            index = "0",
            paramLabel = "DEVICE",
            converter = HostPath.OfFile.class,
            description = "A file, which is made if need be, or a block device.")
    private Path device;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            defaultValue = WHOLE_DEVICE,
            converter = SizeConverter.class,
            description = "Size of the volume, as in 20G; needed for a new file. Default: all of what is there.")
    private long size;

    @Option(
            names = "--checksum",
            paramLabel = "NAME",
            defaultValue = "crc32c",
            description = "crc32c (default; at memory speed) or xxh3 (64 bits; detects more).")
    private Checksum checksum;

    @Option(names = "--label", paramLabel = "TEXT", defaultValue = "", description = "A name to tell volumes apart.")
    private String label;

    @Option(names = "--force", description = "Overwrite a file system, partition table or volume that is there.")
    private boolean force;

    @Option(
            names = "--preallocate",
            description = "Take all space of the file now, so that the volume never finds the host full. Not for block"
                    + " devices. Default: a sparse file, which takes space when it is written.")
    private boolean preallocate;

    @Mixin
    private ProgressOption progressOption;

    /** The names that {@code --checksum} takes. */
    enum Checksum {
        crc32c(ChecksumAlgorithm.CRC32C),
        xxh3(ChecksumAlgorithm.XXH3_64);

        private final ChecksumAlgorithm algorithm;

        Checksum(ChecksumAlgorithm algorithm) {
            this.algorithm = algorithm;
        }
    }

    FormatCommand(CliContext context) {
        super(context);
    }

    @Override
    protected boolean readsVolume() {
        return false;
    }

    @Override
    protected ExitCode run() throws IOException {
        requireSize();
        if (!force) {
            requireNoData();
        }
        format();
        VolumeInfo info = formatted();
        Map<String, Object> json = Json.object(
                "device", device.toString(),
                "uuid", info.uuid().toString(),
                "label", info.label(),
                "size_bytes", info.size(),
                "checksum", info.checksum().label(),
                "preallocated", preallocate);
        output().print(
                        context().out(),
                        json,
                        out -> out.println("formatted " + device + ": " + Sizes.show(info.size()) + ", checksum "
                                + info.checksum().label() + ", uuid " + info.uuid()
                                + (preallocate ? "; all of its space is taken" : "")));
        return ExitCode.OK;
    }

    private void format() throws IOException {
        FormatOptions options = new FormatOptions(size, checksum.algorithm, force, preallocate, label);
        if (!preallocate) {
            context()
                    .engine()
                    .format(device, options, (done, total) -> context().cancel().check());
            return;
        }
        try (ProgressLine progress =
                progressOption.start(context(), output(), "preallocate", ProgressLine.Unit.BYTES, size)) {
            context().engine().format(device, options, (done, total) -> {
                context().cancel().check();
                progress.update(done, total);
            });
        }
    }

    /** Requires --size if the file does not exist or is empty: then there is no size to take. */
    private void requireSize() throws IOException {
        if (size == 0 && Files.notExists(device)) {
            throw new UsageException(device + " is not there yet: say how large the volume is to be, as in --size 20G");
        }
        if (size == 0 && Files.isRegularFile(device) && Files.size(device) == 0) {
            throw new UsageException(device + " is empty: say how large the volume is to be, as in --size 20G");
        }
    }

    /**
     * Refuses a file with data, which may begin anywhere. The engine itself checks only the first MiB, where it
     * recognises what is there.
     */
    private void requireNoData() throws IOException {
        OptionalLong data = LateData.find(device, context().cancel());
        if (data.isPresent() && data.getAsLong() >= ENGINE_LOOKS_BYTES) {
            throw new HoldfastException(
                    ErrorCode.NOT_EMPTY_DEVICE,
                    device + " is not empty: it has data at offset " + data.getAsLong()
                            + "; use --force to overwrite it");
        }
    }

    /** Opens the new volume. If that fails or its size is another one, formatting has failed. */
    private VolumeInfo formatted() throws IOException {
        try (Volume volume = context().engine().open(device, OpenOptions.reading())) {
            VolumeInfo info = volume.info();
            if (size != 0 && info.size() != size - size % info.blockSize()) {
                throw new HoldfastException(
                        ErrorCode.FAILED,
                        device + " was not formatted: the volume of " + Sizes.exact(info.size())
                                + " that was there before still shows, and is damaged now; format it again without"
                                + " --size");
            }
            return info;
        }
    }
}
