package io.holdfast.bench.peer;

import java.nio.file.Path;
import java.util.List;

/**
 * How much is measured.
 *
 * @param root the project's folder
 * @param runs rounds of each measurement
 * @param seconds a round's length
 * @param warmUpSeconds before the first round of a server that just started: its code is to be compiled, its caches as
 *     the scenario wants them
 * @param dataBytes the disk that each peer serves
 * @param sustainedBytes what the scenario of sustained writes writes in a round
 * @param memoryBytes for Holdfast's {@code --memory}
 * @param peers only these, and Holdfast; empty: all that a scenario names
 * @param quick leave out peers that no goal names
 */
public record Settings(
        Path root,
        int runs,
        double seconds,
        double warmUpSeconds,
        long dataBytes,
        long sustainedBytes,
        long memoryBytes,
        List<String> peers,
        boolean quick) {
    /** Returns how long somebody is warmed up: what is not compiled while it runs needs no more than a moment. */
    public double warmUpSeconds(String peer) {
        return peer.equals(PeerSet.HOLDFAST) ? warmUpSeconds : Math.min(quick ? 0.3 : 1, warmUpSeconds);
    }

    /** Returns whether somebody is to take part. */
    public boolean wants(String peer) {
        return peers.isEmpty() || peer.equals(PeerSet.HOLDFAST) || peers.contains(peer);
    }
}
