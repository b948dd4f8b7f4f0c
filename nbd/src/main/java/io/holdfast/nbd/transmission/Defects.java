package io.holdfast.nbd.transmission;

/** Logs what must not happen, and never throws: want of memory is one of these things. */
final class Defects {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");

    private Defects() {}

    static void log(String what, Throwable why) {
        try {
            LOG.log(System.Logger.Level.ERROR, what, why);
        } catch (RuntimeException | Error also) {
            // Whatever is short: what was to be done about it must be done.
        }
    }
}
