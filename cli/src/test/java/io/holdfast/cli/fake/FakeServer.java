package io.holdfast.cli.fake;

import io.holdfast.cli.TestMain;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.Progress;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs a command, in a process of its own, on a volume in memory with 30 files. Arguments: the volume and the command
 * line.
 */
public final class FakeServer {
    private FakeServer() {}

    public static void main(String[] args) throws IOException {
        FakeEngine engine = new FakeEngine();
        Path device = Path.of(args[0]);
        engine.format(device, FormatOptions.ofSize(64 << 20).withForce(true), Progress.NONE);
        try (Volume volume = engine.open(device, OpenOptions.readWrite())) {
            for (int i = 0; i < 30; i++) {
                volume.create(String.format("/f%02d", i), CreateOptions.file().withSize(1 << 20))
                        .close();
            }
        }
        TestMain.main(engine, Arrays.copyOfRange(args, 1, args.length));
    }
}
