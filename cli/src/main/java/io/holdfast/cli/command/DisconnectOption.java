package io.holdfast.cli.command;

import io.holdfast.volume.InUse;
import picocli.CommandLine.Option;

/** How a command that takes a file away treats the clients that have it open. */
final class DisconnectOption {
    @Option(
            names = "--disconnect",
            description = "Cut off the clients and commands that have it open, and keep new ones out until it is done."
                    + " Without this a file in use is refused.")
    private boolean disconnect;

    InUse inUse() {
        return disconnect ? InUse.CUT_OFF : InUse.REFUSE;
    }
}
