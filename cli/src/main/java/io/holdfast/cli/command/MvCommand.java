package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast mv}. */
@Command(name = "mv", description = "Rename a file or directory atomically.")
final class MvCommand extends VolumeCommand {
    @Parameters(index = "1", paramLabel = "FROM", converter = PathArgument.class, description = "What to rename.")
    private VolumePath givenFrom;

    @Parameters(
            index = "2",
            paramLabel = "TO",
            converter = PathArgument.class,
            description = "Its new path, or a directory to move it into.")
    private VolumePath givenTo;

    @Option(names = "--force", description = "Replace a file that is there.")
    private boolean force;

    @Mixin
    private DisconnectOption disconnect;

    MvCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String from = givenFrom.in(volume);
        String target = target(volume, from);
        if (!force
                && VolumePaths.status(volume, target).isPresent()
                && volume.status(from).inode() != volume.status(target).inode()) {
            throw new HoldfastException(
                    ErrorCode.EXISTS, target + " exists already; choose another name or use --force to replace it");
        }
        CutOffs cutOffs = new CutOffs(context().out(), output().json());
        try (FileClaim claim = volume.claim(List.of(from, target), disconnect.inUse())) {
            cutOffs.tell(claim);
            volume.rename(from, target);
        }
        output().print(
                        context().out(),
                        Json.object("from", from, "to", target, CutOffs.MEMBER, cutOffs.json()),
                        out -> {});
        return ExitCode.OK;
    }

    /**
     * Returns the new path. A slash at the end of TO means a directory: an existing one, or the new path of a directory
     * that is renamed.
     */
    private String target(Volume volume, String from) throws HoldfastException {
        String to = givenTo.path();
        if (VolumePaths.isDirectory(volume, to)) {
            return Names.join(to, Names.last(from));
        }
        if (givenTo.directory() && !VolumePaths.isDirectory(volume, from)) {
            givenTo.in(volume);
        }
        return to;
    }
}
