package io.holdfast.cli.copy;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A source that another one is behind: for those that change one thing of it. */
public abstract class ForwardingSource implements Source {
    private final Source source;

    /** Takes a source over: it is closed with this one. */
    protected ForwardingSource(Source source) {
        this.source = source;
    }

    @Override
    public long size() {
        return source.size();
    }

    @Override
    public long nextData(long offset) throws IOException {
        return source.nextData(offset);
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        return source.read(offset, target);
    }

    @Override
    public long progress(long offset) {
        return source.progress(offset);
    }

    @Override
    public long progressTotal() {
        return source.progressTotal();
    }

    @Override
    public void finish() throws IOException {
        source.finish();
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
