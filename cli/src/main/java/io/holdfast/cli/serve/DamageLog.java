package io.holdfast.cli.serve;

import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ErrorListener;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Logs the damage that a server finds on its device: a line for each error, with the path of the file, the offset and
 * the block, or the structure and the block. The log limits how many lines it shows and counts the rest.
 *
 * <p>A request may meet one bad block twice, since the server tries again to find out how much it can read. So an error
 * is not logged again within a second.
 */
final class DamageLog implements ErrorListener {
    private static final System.Logger LOG = System.getLogger("io.holdfast.damage");
    private static final long SAME_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);

    private volatile Said last = new Said("", System.nanoTime());

    private record Said(String message, long nanos) {}

    /** Logs what opening found. */
    static void opened(List<String> problems) {
        problems.forEach(problem -> LOG.log(Level.ERROR, "damage found while opening: {0}", problem));
        if (!problems.isEmpty()) {
            LOG.log(Level.ERROR, DamageAdvice.TEXT);
        }
    }

    @Override
    public void met(HoldfastException error) {
        Said now = new Said(String.valueOf(error.getMessage()), System.nanoTime());
        Said before = last;
        boolean same = before.message.equals(now.message) && now.nanos - before.nanos < SAME_NANOS_MAX;
        if (!same) {
            last = now;
            LOG.log(Level.ERROR, "{0} ({1})", now.message, error.code());
        }
    }
}
