package io.holdfast.nbd.transport;

import java.time.Duration;
import java.util.Optional;

/**
 * Finds a peer that has kept the server waiting for too long. A peer that owes nothing is never found, however long it is
 * silent.
 *
 * <p>Invariants: one thread uses this. {@code sending} and {@code receiving} are the counters as the last look found them, and
 * have not changed since {@code sendingSince} and {@code receivingSince}. So a wait counts from the first look that sees it.
 */
public final class StallWatch {
    private final PeerProgress progress;
    private final Duration limit;
    private long sending;
    private long sendingSince;
    private long receiving;
    private long receivingSince;

    /**
     * Begins to watch a peer.
     *
     * @param limit how long a peer may keep the server waiting
     */
    public StallWatch(PeerProgress progress, Duration limit) {
        this.progress = progress;
        this.limit = limit;
    }

    /**
     * Looks at the peer.
     *
     * @param now nanoseconds since an arbitrary moment; never less than at an earlier look
     * @return what the peer has failed to do for as long as the limit; empty if there is nothing
     */
    public Optional<String> look(long now) {
        long sendingNow = progress.sending();
        if (isEven(sendingNow) || sendingNow != sending) {
            sending = sendingNow;
            sendingSince = now;
        }
        long receivingNow = progress.receiving();
        if (isEven(receivingNow) || receivingNow != receiving) {
            receiving = receivingNow;
            receivingSince = now;
        }
        if (now - sendingSince >= limit.toNanos() && !isEven(sendingNow)) {
            return Optional.of("it has taken none of its replies for " + text(limit));
        }
        if (now - receivingSince >= limit.toNanos() && !isEven(receivingNow)) {
            return Optional.of("it has sent a part of a request, and nothing more for " + text(limit));
        }
        return Optional.empty();
    }

    private static boolean isEven(long counter) {
        return (counter & 1) == 0;
    }

    private static String text(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
    }
}
