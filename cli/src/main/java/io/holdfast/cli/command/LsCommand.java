package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Table;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code holdfast ls}. */
@Command(name = "ls", description = "List a directory, or one file.")
final class LsCommand extends VolumeCommand {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PATH",
            defaultValue = "/",
            converter = PathArgument.class,
            description = "The directory or file. Default: ${DEFAULT-VALUE}")
    private VolumePath given;

    @Option(names = "-l", description = "With mode, links, owner, size and time of change.")
    private boolean detailed;

    private final Table table = new Table(false, "mode", ">links", ">uid", ">gid", ">size", "time", "name");

    LsCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = given.in(volume);
        if (volume.status(path).kind() == FileKind.DIRECTORY) {
            Listing.forEach(volume, path, entry -> {
                show(volume, Names.join(path, entry.name()), entry);
                return true;
            });
        } else {
            FileStatus status = volume.status(path);
            show(volume, path, new DirectoryEntry(path, status.inode(), status.kind()));
        }
        table.print(context().out());
        return ExitCode.OK;
    }

    private void show(Volume volume, String entryPath, DirectoryEntry entry) throws HoldfastException {
        if (!detailed) {
            output().print(context().out(), brief(entry), out -> out.println(Names.printable(entry.name())));
            return;
        }
        FileStatus status = volume.status(entryPath);
        String target = status.kind() == FileKind.SYMLINK ? " -> " + volume.readLink(entryPath) : "";
        if (output().json()) {
            Map<String, Object> json = Attributes.json(entryPath, status);
            json.put("name", entry.name());
            context().out().println(Json.line(json));
            return;
        }
        table.row(
                context().out(),
                Attributes.mode(status),
                Integer.toString(status.links()),
                Integer.toUnsignedString(status.uid()),
                Integer.toUnsignedString(status.gid()),
                Long.toUnsignedString(status.size()),
                TIME.format(status.modifyTime()),
                Names.printable(entry.name() + target));
    }

    private static Map<String, Object> brief(DirectoryEntry entry) {
        return Json.object(
                "name", entry.name(),
                "inode", entry.inode(),
                "kind", entry.kind().name().toLowerCase(Locale.ROOT));
    }
}
