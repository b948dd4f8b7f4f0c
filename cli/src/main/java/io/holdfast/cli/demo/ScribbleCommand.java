package io.holdfast.cli.demo;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.ExitCode;
import io.holdfast.cli.command.HoldfastCommand;
import io.holdfast.cli.command.MemoryOption;
import io.holdfast.cli.text.Json;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * A part of {@code holdfast demo} in a process of its own. It writes from memory that other threads change meanwhile,
 * reads everything back, and then writes on until it is killed.
 */
@Command(name = "scribble", hidden = true, description = "A part of 'holdfast demo'.")
public final class ScribbleCommand extends HoldfastCommand {
    private static final Duration KILLED_BY_THEN = Duration.ofMinutes(5);

    static final String PATH = "/scribble.img";

    @Parameters(index = "0", paramLabel = "VOLUME")
    private Path device;

    @Option(names = "--seconds", defaultValue = "3")
    private int seconds;

    @Mixin
    private MemoryOption memory;

    public ScribbleCommand(CliContext context) {
        super(context);
    }

    @Override
    protected ExitCode run() throws IOException, InterruptedException {
        try (Volume volume = context().engine().open(device, memory.open(false));
                StoredFile file = volume.create(PATH, CreateOptions.file().withSize(ScribbleWriters.FILE_BYTES))) {
            try (ScribbleWriters writers = ScribbleWriters.start(file)) {
                context().cancel().await(Duration.ofSeconds(seconds));
                writers.pause();
                file.flush();
                event(
                        "written",
                        "writes",
                        writers.writes(),
                        "blocks",
                        writers.writes() * ScribbleWriters.WRITE_BLOCKS,
                        "changed",
                        writers.changed());
                event("read_back", "mismatches", readBack(file));
                writers.resume();
                event("writing_on");
                context().cancel().await(KILLED_BY_THEN);
            }
        }
        return ExitCode.INTERRUPTED;
    }

    /** Reads every block past the cache, which verifies its checksum. */
    private static long readBack(StoredFile file) throws HoldfastException {
        long mismatches = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Volume.BLOCK_SIZE, Volume.BLOCK_SIZE);
            for (long at = 0; at < file.size(); at += Volume.BLOCK_SIZE) {
                try {
                    file.read(at, block, Set.of(ReadFlag.DIRECT));
                } catch (HoldfastException e) {
                    if (e.code() != ErrorCode.CHECKSUM_MISMATCH) {
                        throw e;
                    }
                    mismatches++;
                }
            }
        }
        return mismatches;
    }

    private void event(String name, Object... pairs) {
        var event = Json.object(pairs);
        event.put("event", name);
        context().out().println(Json.line(event));
        context().out().flush();
    }
}
