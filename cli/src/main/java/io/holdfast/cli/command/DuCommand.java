package io.holdfast.cli.command;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.NumberSet;
import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.ProgressLine;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.FileKind;
import io.holdfast.volume.FileStatus;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code holdfast du}.
 *
 * <p>Invariant: memory holds one sum for each directory on the way, and the inode numbers of files with several names in at
 * most {@link #PAGES_MAX} pages of 4 KiB.
 */
@Command(
        name = "du",
        description = "Show how much space the files of a directory take, and those of each directory in it.",
        footer = {
            "",
            "Data blocks count: not holes, and not metadata. After a change the number is an upper bound until the next",
            "checkpoint. A file with several names counts once."
        })
final class DuCommand extends SizesCommand {
    /** 256 MiB, for any of 2^31 files. */
    private static final int PAGES_MAX = 1 << 16;

    @Option(
            names = {"-s", "--summarize"},
            description = "Show the sum alone.")
    private boolean sumAlone;

    private final NumberSet linked = new NumberSet(PAGES_MAX);
    private final Deque<Sum> sums = new ArrayDeque<>();
    private boolean countedTwice;

    DuCommand(CliContext context) {
        super(context);
    }

    /** What a directory and all below it take. */
    private static final class Sum {
        private long bytes;
        private long files;

        private void add(long moreBytes, long moreFiles) {
            bytes += moreBytes;
            files += moreFiles;
        }
    }

    /** Lines of directories are progress enough, and a bar would get between them. */
    @Override
    protected boolean showsProgress() {
        return sumAlone;
    }

    @Override
    protected ExitCode run(Volume volume) throws IOException {
        String top = givenIn(volume);
        FileStatus status = volume.status(top);
        if (status.kind() == FileKind.DIRECTORY) {
            try (ProgressLine progress = lateProgress("du", ProgressLine.Unit.FILES)) {
                TreeWalk.run(volume, top, context().cancel(), new Adding(volume, top, progress));
            }
        } else {
            Sum sum = new Sum();
            sum.add(status.allocatedBytes(), 1);
            show(top, sum);
        }
        if (countedTwice) {
            context()
                    .err()
                    .println(
                            "holdfast: files with several names have inode numbers over a range of more than 2^31; beyond it each name"
                                    + " was counted, so the sums are too large");
        }
        return ExitCode.OK;
    }

    private final class Adding implements TreeWalk.Visitor {
        private final Volume volume;
        private final String top;
        private final Progress progress;
        private long met;

        Adding(Volume volume, String top, Progress progress) {
            this.volume = volume;
            this.top = top;
            this.progress = progress;
        }

        @Override
        public void enter(String directory) throws HoldfastException {
            Sum sum = new Sum();
            sum.add(volume.status(directory).allocatedBytes(), 0);
            sums.push(sum);
        }

        @Override
        public void file(String path) throws HoldfastException {
            progress.update(++met, -1);
            FileStatus status = volume.status(path);
            if (isFirstName(status)) {
                sums.element().add(status.allocatedBytes(), 1);
            }
        }

        @Override
        public void leave(String directory) {
            Sum sum = sums.pop();
            if (!sums.isEmpty()) {
                sums.element().add(sum.bytes, sum.files);
            }
            if (!sumAlone || directory.equals(top)) {
                show(directory, sum);
            }
        }
    }

    private boolean isFirstName(FileStatus status) {
        if (status.links() < 2) {
            return true;
        }
        if (linked.hasRoomFor(status.inode())) {
            return linked.add(status.inode());
        }
        countedTwice = true;
        return true;
    }

    private void show(String path, Sum sum) {
        output().print(
                        context().out(),
                        Json.object("path", path, "allocated_bytes", sum.bytes, "files", sum.files),
                        out -> out.println(size(sum.bytes) + "\t" + Names.printable(path)));
        requireWanted();
    }
}
