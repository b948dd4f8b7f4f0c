package io.holdfast.bench.peer;

import java.nio.file.Path;
import java.util.List;

/**
 * The extent of the measurements.
 *
 * @param root the project's folder
 * @param runs rounds of each measurement
 * @param seconds a round's length
 * @param warmUpSeconds before the first round of a newly started server, so that its code is compiled and its caches
 *     are as the scenario wants them
 * @param dataBytes size of the disk that each peer serves
 * @param sustainedBytes bytes that the scenario of sustained writes writes in a round
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
    /** Returns the warm-up time of a peer; a program that is not compiled at run time needs only a moment. */
    public double warmUpSeconds(String peer) {
        return peer.equals(PeerSet.HOLDFAST) ? warmUpSeconds : Math.min(quick ? 0.3 : 1, warmUpSeconds);
    }

    /** Returns whether a peer takes part. */
    public boolean wants(String peer) {
        return peers.isEmpty() || peer.equals(PeerSet.HOLDFAST) || peers.contains(peer);
    }
}
