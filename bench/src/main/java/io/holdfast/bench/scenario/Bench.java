package io.holdfast.bench.scenario;

import io.holdfast.bench.host.CleanUp;
import io.holdfast.bench.host.Scratch;
import io.holdfast.bench.measure.Metric;
import io.holdfast.bench.peer.PeerSet;
import io.holdfast.bench.peer.Settings;
import java.io.IOException;
import java.util.Map;

/** The environment of scenarios. */
public final class Bench implements AutoCloseable {
    private final Settings settings;
    private final Scratch scratch;
    private final CleanUp cleanUp;
    private PeerSet peers;

    public Bench(Settings settings, Scratch scratch, CleanUp cleanUp) {
        this.settings = settings;
        this.scratch = scratch;
        this.cleanUp = cleanUp;
        this.peers = new PeerSet(settings, scratch, cleanUp);
    }

    public Settings settings() {
        return settings;
    }

    public Scratch scratch() {
        return scratch;
    }

    public CleanUp cleanUp() {
        return cleanUp;
    }

    public PeerSet peers() {
        return peers;
    }

    /** Removes all disks of peers, for a scenario that needs the space. They are made again when needed. */
    public void removeDisks() throws IOException {
        peers.close();
        peers = new PeerSet(settings, scratch, cleanUp);
    }

    /** Tells the user about progress. */
    public void say(String text) {
        System.err.println("bench: " + text);
    }

    /** Tells the user the latest measurement. */
    public void say(String who, int round, Map<Metric, Double> measured, Metric metric) {
        Double value = measured.get(metric);
        if (value != null) {
            say("    round %d  %-24s %s".formatted(round + 1, who, metric.show(value)));
        }
    }

    @Override
    public void close() throws IOException {
        peers.close();
    }
}
