package io.holdfast.cli.command;

import io.holdfast.cli.text.Sizes;
import picocli.CommandLine.Option;

/** Whether a command that lists sizes shows them in bytes or in units. Such a command has {@code --help} alone for its help. */
final class ReadableOption {
    @Option(
            names = {"-h", "--human-readable"},
            description = "Show sizes in units, as in 1.5 GiB. Without this they are bytes.")
    private boolean readable;

    /** Returns a size, unsigned. */
    String show(long bytes) {
        return readable ? Sizes.show(bytes) : Long.toUnsignedString(bytes);
    }

    /** Returns what is left of something; in units it is rounded down, with three digits. */
    String left(long bytes) {
        return readable ? Sizes.floor(bytes) : Long.toUnsignedString(bytes);
    }

    /** Returns what is taken of something; in units it is rounded up, with three digits. */
    String taken(long bytes) {
        return readable ? Sizes.ceiling(bytes) : Long.toUnsignedString(bytes);
    }
}
