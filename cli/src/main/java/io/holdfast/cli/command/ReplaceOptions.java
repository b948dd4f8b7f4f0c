package io.holdfast.cli.command;

import io.holdfast.volume.InUse;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a command that puts a new file into the volume does with one that is there. */
final class ReplaceOptions {
    @Option(
            names = {"--force", "--overwrite"},
            description = "Replace a file that is there, once the new one is whole.")
    private boolean force;

    @Mixin
    private DisconnectOption disconnect;

    boolean force() {
        return force;
    }

    InUse inUse() {
        return disconnect.inUse();
    }
}
