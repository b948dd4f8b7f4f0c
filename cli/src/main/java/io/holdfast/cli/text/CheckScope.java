package io.holdfast.cli.text;

import io.holdfast.volume.CheckOptions;
import java.util.ArrayList;
import java.util.List;

/** Says in words what a check looked at, and what not. */
public record CheckScope(CheckOptions options) {
    /** Returns the name for programs. */
    public String name() {
        if (!options.files().isEmpty()) {
            return "files";
        }
        return options.metadataOnly() ? "metadata" : "volume";
    }

    /** Returns what was not checked, a line for each; empty if everything was. */
    public List<String> notChecked() {
        List<String> lines = new ArrayList<>();
        if (options.metadataOnly()) {
            lines.add("data blocks: only metadata was read");
        }
        if (!options.files().isEmpty()) {
            lines.add("other files and directories");
            lines.add("names, superblocks, the log, and which blocks are in use");
        }
        return lines;
    }

    /** Returns as in {@code check of metadata only}. */
    public String title() {
        String files = options.files().isEmpty() ? "" : " of " + String.join(", ", options.files());
        return "check" + files
                + (options.metadataOnly() ? (files.isEmpty() ? " of metadata only" : ", metadata only") : "");
    }
}
