package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.UsageException;
import io.holdfast.cli.control.RemoteVolume;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdClientStatus;
import io.holdfast.volume.FileClaim;
import io.holdfast.volume.InUse;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast resize}. */
@Command(
        name = "resize",
        description =
                "Make a file larger or smaller. Names the clients that see the new size only when they connect again.")
final class ResizeCommand extends VolumeCommand {
    @Parameters(index = "1", paramLabel = "PATH", converter = PathArgument.class, description = "The file.")
    private VolumePath given;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            converter = SizeChange.Converter.class,
            description =
                    "Its new size, as in 80G, or how much to add or take away, as in +10G and -10G. What is added is"
                            + " a hole.")
    private SizeChange change;

    @Option(names = "--shrink", description = "Allow a smaller size: what is cut off is lost.")
    private boolean shrink;

    @Option(
            names = {"--disconnect", "--force"},
            description =
                    "Cut off the clients and commands that have it open before it is made smaller, and keep new ones"
                            + " out until it is done. Without this a file in use is not made smaller.")
    private boolean disconnect;

    ResizeCommand(CliContext context) {
        super(context, true);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = given.ofFile();
        try (StoredFile file = volume.open(path)) {
            long before = file.size();
            long size = change.of(before);
            if (Long.compareUnsigned(size, before) < 0 && !shrink) {
                throw new UsageException(Names.printable(path) + " has " + Sizes.exact(before) + ", more than "
                        + Sizes.exact(size) + "; use --shrink to cut off the rest, which is lost");
            }
            CutOffs cutOffs = new CutOffs(context().out(), output().json());
            List<NbdClientStatus> told = size == before ? List.of() : clients(volume, path);
            resize(volume, path, file, before, size, cutOffs);
            List<Long> stillThere = told.isEmpty()
                    ? List.of()
                    : clients(volume, path).stream().map(NbdClientStatus::id).toList();
            List<NbdClientStatus> unaware = told.stream()
                    .filter(client -> stillThere.contains(client.id()))
                    .toList();
            output().print(
                            context().out(),
                            Json.object(
                                    "path",
                                    path,
                                    "size_bytes_before",
                                    Json.unsigned(before),
                                    "size_bytes",
                                    Json.unsigned(size),
                                    CutOffs.MEMBER,
                                    cutOffs.json(),
                                    "must_reconnect",
                                    unaware.stream().map(NbdClientStatus::id).toList()),
                            out -> {
                                out.println("resized " + Names.printable(path) + " from " + Sizes.exact(before) + " to "
                                        + Sizes.exact(size));
                                unaware.forEach(client -> out.println("client " + client.id() + " of '"
                                        + Names.printable(client.export()) + "' (" + ClientsCommand.who(client)
                                        + ") sees the new size when it connects again"));
                            });
        }
        return ExitCode.OK;
    }

    /** Returns the clients that have the file open. A server of a version that cannot tell has none here. */
    private static List<NbdClientStatus> clients(Volume volume, String path) throws HoldfastException {
        if (!(volume instanceof RemoteVolume remote)) {
            return List.of();
        }
        try {
            return remote.clients().stream()
                    .filter(client -> client.path().equals(path))
                    .toList();
        } catch (HoldfastException e) {
            if (e.code() == ErrorCode.UNSUPPORTED) {
                return List.of();
            }
            throw e;
        }
    }

    private void resize(Volume volume, String path, StoredFile file, long before, long size, CutOffs cutOffs)
            throws HoldfastException {
        if (disconnect && Long.compareUnsigned(size, before) < 0) {
            try (FileClaim claim = volume.claimSize(path, InUse.CUT_OFF)) {
                cutOffs.tell(claim);
                file.truncate(size);
            }
        } else {
            file.truncate(size);
        }
    }
}
