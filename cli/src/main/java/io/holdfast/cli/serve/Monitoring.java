package io.holdfast.cli.serve;

import io.holdfast.cli.metrics.Health;
import io.holdfast.cli.metrics.HttpAddress;
import io.holdfast.cli.metrics.MetricsServer;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.util.Optional;

/** What a server tells over HTTP, if it was asked to. The thread that serves uses this. */
final class Monitoring implements AutoCloseable {
    private final Health health;
    private final Optional<MetricsServer> server;

    private Monitoring(Health health, Optional<MetricsServer> server) {
        this.health = health;
        this.server = server;
    }

    /** Listens, before the volume is open: its recovery may take long. */
    static Monitoring start(Optional<HttpAddress> address) throws IOException {
        Health health = new Health(System::nanoTime);
        return new Monitoring(
                health, address.isEmpty() ? Optional.empty() : Optional.of(MetricsServer.start(address.get(), health)));
    }

    /** Prints where it listens. */
    void show(ServeEvents events) {
        server.ifPresent(http -> events.http(http.address()));
    }

    /** Leaves what a look at the server found for those who ask. */
    void look(ServedVolume served, Optional<HoldfastException> failure, SpaceReport space) {
        if (server.isPresent()) {
            health.saw(served.readings(space), notReady(served, failure));
        }
    }

    private static String notReady(ServedVolume served, Optional<HoldfastException> failure) {
        if (failure.isPresent()) {
            return "the volume has failed and takes no writes; mend the device, then 'holdfast resume': "
                    + failure.get().getMessage();
        }
        return served.accepts() ? "" : "clients cannot come at every address; the log says why";
    }

    void stopping() {
        health.stopping();
    }

    @Override
    public void close() {
        server.ifPresent(MetricsServer::close);
    }
}
