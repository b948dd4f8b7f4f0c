package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code holdfast stat}. */
@Command(name = "stat", description = "Show all attributes of a file, as stat(1) does.")
final class StatCommand extends VolumeCommand {
    @Parameters(index = "1", paramLabel = "PATH", converter = PathArgument.class, description = "The file.")
    private VolumePath given;

    StatCommand(CliContext context) {
        super(context, false);
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String path = given.in(volume);
        FileStatus status = volume.status(path);
        String target = status.kind() == FileKind.SYMLINK ? volume.readLink(path) : "";
        Map<String, Object> json = Attributes.json(path, status);
        if (!target.isEmpty()) {
            json.put("target", target);
        }
        output().print(context().out(), json, out -> show(out, path, status, target));
        return ExitCode.OK;
    }

    private static void show(PrintStream out, String path, FileStatus s, String target) {
        String arrow = target.isEmpty() ? "" : " -> " + target;
        out.println("  File: " + Names.printable(path + arrow));
        out.printf(
                Locale.ROOT,
                "  Size: %-20s (%s)  Allocated: %d (%s)%n",
                Long.toUnsignedString(s.size()),
                Sizes.show(s.size()),
                s.allocatedBytes(),
                Sizes.show(s.allocatedBytes()));
        out.printf(
                Locale.ROOT,
                " Inode: %-20d Links: %-6d %s, %s%n",
                s.inode(),
                s.links(),
                kind(s.kind()),
                s.checksummed() ? "checksummed" : "not checksummed");
        out.printf(
                "Access: (%04o/%s)  Uid: %s  Gid: %s%n",
                s.mode(), Attributes.mode(s), Integer.toUnsignedString(s.uid()), Integer.toUnsignedString(s.gid()));
        out.println("Access: " + s.accessTime());
        out.println("Modify: " + s.modifyTime());
        out.println("Change: " + s.changeTime());
        out.println(" Birth: " + s.birthTime());
    }

    private static String kind(FileKind kind) {
        return switch (kind) {
            case REGULAR -> "regular file";
            case DIRECTORY -> "directory";
            case SYMLINK -> "symbolic link";
        };
    }
}
