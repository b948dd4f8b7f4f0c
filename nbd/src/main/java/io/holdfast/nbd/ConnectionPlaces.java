package io.holdfast.nbd;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The places for connections, from the moment they are accepted. Who can connect to one socket must not take them all: each
 * socket that is for some exports alone keeps a place until somebody has come there, and takes no more connections than its
 * exports together, if each of them has a limit.
 *
 * <p>Invariants: {@code taken} is at most {@code max}, and has the connections of all own sockets in it. No socket has more than its limit.
 */
final class ConnectionPlaces {
    private final int max;
    /** The own sockets, by their addresses. */
    private final Map<String, Own> sockets = new HashMap<>();

    private final boolean reserves;
    private final ReentrantLock lock = new ReentrantLock();
    private int taken;

    /** A socket for some exports alone. All of these are made at the start: to give a place back must need no memory. */
    private static final class Own {
        /** 0 for none. */
        private final int limit;

        private int connections;

        private Own(int limit) {
            this.limit = limit;
        }
    }

    ConnectionPlaces(int max, NbdAccess access) {
        this.max = max;
        for (NbdAddress own : access.ownSockets()) {
            sockets.put(own.toString(), new Own(limit(access.exportsAt(own))));
        }
        // With fewer places than sockets nobody else would ever find one.
        this.reserves = sockets.size() < max;
    }

    private static int limit(List<NbdExport> exports) {
        long sum = 0;
        for (NbdExport export : exports) {
            if (export.limits().connections() == 0) {
                return 0;
            }
            sum += export.limits().connections();
        }
        return (int) Math.min(sum, Integer.MAX_VALUE);
    }

    /**
     * Takes a place for a connection that has come in at an address.
     *
     * @return why there is none; empty if it has one, until {@link #leave}
     */
    Optional<String> enter(String address) {
        lock.lock();
        try {
            Own own = sockets.get(address);
            if (own != null && own.limit > 0 && own.connections >= own.limit) {
                return Optional.of(
                        "the exports at this socket have their maximum of " + own.limit + " connections; end some");
            }
            if (taken + reservedForOthers(own) >= max) {
                return Optional.of(
                        "the server has its maximum of " + max + " connections; end some, or let it allow more");
            }
            taken++;
            if (own != null) {
                own.connections++;
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private int reservedForOthers(@Nullable Own than) {
        int reserved = 0;
        for (Own own : sockets.values()) {
            if (reserves && own != than && own.connections == 0) {
                reserved++;
            }
        }
        return reserved;
    }

    /** Gives a place back. */
    void leave(String address) {
        lock.lock();
        try {
            taken--;
            Own own = sockets.get(address);
            if (own != null) {
                own.connections--;
            }
        } finally {
            lock.unlock();
        }
    }
}
