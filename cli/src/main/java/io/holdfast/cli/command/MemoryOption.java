package io.holdfast.cli.command;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Sizes;
import io.holdfast.volume.OpenOptions;
import picocli.CommandLine.Option;

/** How much memory an open volume may use. */
public final class MemoryOption {
    private static final String AUTOMATIC = "0";

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            defaultValue = AUTOMATIC,
            converter = SizeConverter.class,
            description = "Memory for cached and pending data, at least 16M; some 200 MiB for the program come on top."
                    + " Default: a quarter of the machine's, at most 1G. Without effect on a volume that is served.")
    private long memory;

    /** The engine asks this, too; here the option is named, and the configuration file with it. */
    private long memory() {
        boolean little = Long.compareUnsigned(memory, OpenOptions.MIN_MEMORY) < 0;
        boolean much = Long.compareUnsigned(memory, OpenOptions.MAX_MEMORY) > 0;
        if (memory != 0 && (little || much)) {
            throw new UsageException("--memory of " + Sizes.exact(memory) + " is too " + (much ? "much" : "little")
                    + "; it may be " + Sizes.exact(OpenOptions.MIN_MEMORY) + " to "
                    + Sizes.exact(OpenOptions.MAX_MEMORY));
        }
        return memory;
    }

    /** Returns the options to open what is left of a damaged volume with. */
    OpenOptions openToRescue() {
        return OpenOptions.rescuing().withMemory(memory());
    }

    /** Returns the options to open a volume with. */
    public OpenOptions open(boolean readOnly) {
        return (readOnly ? OpenOptions.reading() : OpenOptions.readWrite()).withMemory(memory());
    }
}
