package io.holdfast.cli.image;

import io.holdfast.cli.copy.ForwardingSource;
import io.holdfast.cli.copy.Source;
import java.io.IOException;

/**
 * Imports the contents of files that another program reads, and fails at the end if somebody has changed one of them since the
 * inspection: then nobody knows what was read, and what was cut off meanwhile was read as zeroes.
 */
final class UnchangedSource extends ForwardingSource {
    private final String name;
    private final ImageParts parts;

    /**
     * Makes a source.
     *
     * @param parts the files as they were before anything of them was read
     */
    UnchangedSource(Source source, String name, ImageParts parts) {
        super(source);
        this.name = name;
        this.parts = parts;
    }

    @Override
    public void finish() throws IOException {
        super.finish();
        parts.requireUnchanged(name);
    }
}
