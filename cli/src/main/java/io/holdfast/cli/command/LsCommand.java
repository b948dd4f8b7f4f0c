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
import java.io.IOException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code holdfast ls}. */
@Command(name = "ls", description = "List a directory, or one file.")
final class LsCommand extends SizesCommand {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

    @Option(names = "-l", description = "With mode, links, owner, size, allocated size and time of change.")
    private boolean detailed;

    @Option(
            names = {"-R", "--recursive"},
            description = "List the directories in it, too, and all below them.")
    private boolean recursive;

    private final Table table =
            new Table(false, "mode", ">links", ">uid", ">gid", ">size", ">allocated", "time", "name");
    private boolean begun;

    LsCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = givenIn(volume);
        FileStatus status = volume.status(path);
        if (status.kind() != FileKind.DIRECTORY) {
            show(volume, path, new DirectoryEntry(path, status.inode(), status.kind()));
            table.print(context().out());
        } else if (recursive) {
            TreeWalk.run(volume, path, context().cancel(), new TreeWalk.Visitor() {
                @Override
                public void enter(String directory) throws HoldfastException {
                    listUnderTitle(volume, directory);
                }
            });
        } else {
            list(volume, path);
        }
        return ExitCode.OK;
    }

    private void listUnderTitle(Volume volume, String directory) throws HoldfastException {
        if (!output().json()) {
            context().out().println((begun ? System.lineSeparator() : "") + Names.printable(directory) + ":");
            begun = true;
        }
        list(volume, directory);
    }

    private void list(Volume volume, String directory) throws HoldfastException {
        Listing.forEach(volume, directory, entry -> {
            requireWanted();
            show(volume, Names.join(directory, entry.name()), entry);
            return true;
        });
        table.print(context().out());
    }

    private void show(Volume volume, String entryPath, DirectoryEntry entry) throws HoldfastException {
        if (!detailed) {
            output().print(context().out(), brief(entryPath, entry), out -> out.println(Names.printable(entry.name())));
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
                size(status.size()),
                size(status.allocatedBytes()),
                TIME.format(status.modifyTime()),
                Names.printable(entry.name() + target));
    }

    private static Map<String, Object> brief(String path, DirectoryEntry entry) {
        return Json.object(
                "path", path,
                "name", entry.name(),
                "inode", entry.inode(),
                "kind", entry.kind().name().toLowerCase(Locale.ROOT));
    }
}
