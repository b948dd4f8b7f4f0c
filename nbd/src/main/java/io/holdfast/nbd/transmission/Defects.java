package io.holdfast.nbd.transmission;

/** Logs failures that should never happen. It never throws, since a lack of memory is one of them. */
final class Defects {
    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");

    private Defects() {}

    static void log(String what, Throwable why) {
        try {
            LOG.log(System.Logger.Level.ERROR, what, why);
        } catch (RuntimeException | Error also) {
            // The log may lack memory too; the caller must still clean up.
        }
    }
}
