package io.holdfast.volume;

/** Hears how far a long operation has come. Called often, so it must be cheap. */
@FunctionalInterface
public interface Progress {
    Progress NONE = (done, total) -> {};

    /**
     * Takes the progress so far.
     *
     * @param done bytes or blocks done
     * @param total bytes or blocks in all; 0 if that is not known
     */
    void update(long done, long total);
}
