package io.holdfast.volume;

/** Told how far a long operation is. Called often; must be cheap. */
@FunctionalInterface
public interface Progress {
    Progress NONE = (done, total) -> {};

    /**
     * Reports progress.
     *
     * @param done bytes or blocks done
     * @param total of how many, or 0 when that is not known
     */
    void update(long done, long total);
}
