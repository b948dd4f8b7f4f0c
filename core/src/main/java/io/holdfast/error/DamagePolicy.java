package io.holdfast.error;

/**
 * What becomes of damage that is met where the rest can be read without it. A volume in use is strict: what is not there and
 * what cannot be read must never look the same. A rescue goes on with the rest, and names what it went past.
 */
@FunctionalInterface
public interface DamagePolicy {
    /** Every error ends the call. */
    DamagePolicy STRICT = damage -> {
        throw damage;
    };

    /**
     * Takes an error. If this returns, the caller goes on without what it could not read.
     *
     * @throws HoldfastException the error, if the call must end
     */
    void met(HoldfastException damage) throws HoldfastException;
}
