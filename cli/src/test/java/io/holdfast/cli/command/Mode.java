package io.holdfast.cli.command;

import io.holdfast.cli.fake.Household;
import java.io.IOException;
import java.nio.file.Path;

/** How the commands reach the volume. Every contract holds both ways. */
enum Mode {
    /** Each command opens the volume itself. */
    LOCAL {
        @Override
        Household start(Path folder) {
            return new Household(folder).formatted();
        }
    },
    /** Another process holds the volume and serves it at the control socket. */
    SERVED {
        @Override
        Household start(Path folder) throws IOException {
            return new Household(folder).formatted().serve();
        }
    };

    abstract Household start(Path folder) throws IOException;
}
