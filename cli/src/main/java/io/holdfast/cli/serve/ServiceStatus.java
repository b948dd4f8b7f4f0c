package io.holdfast.cli.serve;

import io.holdfast.cli.service.ServiceManager;
import io.holdfast.cli.space.Fullness;
import io.holdfast.cli.space.SpaceReport;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the service manager is told of a server: how far its recovery is, that it serves, and what is wrong with it. One thread uses this,
 * but for {@link #opening}.
 */
final class ServiceStatus {
    private final ServiceManager manager;
    private final Path device;
    private String served = "";

    ServiceStatus(ServiceManager manager, Path device) {
        this.manager = manager;
        this.device = device;
    }

    /** Returns what hears how far the recovery is. */
    Progress opening() {
        manager.starting("opening " + device);
        return (done, total) ->
                manager.starting("recovering " + device + ": " + done * 100 / Math.max(1, total) + " % of the log");
    }

    void ready(List<String> addresses) {
        served = "serving " + device + " at " + String.join(", ", addresses);
        manager.ready(served);
    }

    /**
     * Shows what a look at the server found, and gives a sign of life. The server makes progress if this look came to its end, the
     * engine answers what the root directory is, which takes the locks that every change of a name takes, and clients are taken at every
     * address. That a request waits for the device is no reason to end the server: it would wait again.
     */
    void look(ServedVolume volume, Optional<HoldfastException> failure, SpaceReport space) {
        manager.status(failure.map(e -> "FAILED, takes no writes ('holdfast resume'): " + e.getMessage())
                .orElseGet(() -> served + "; " + Fullness.of(space.usage()).percent() + " % full"));
        if (answers(volume) && (volume.accepts() || failure.isPresent())) {
            manager.alive();
        }
    }

    private static boolean answers(ServedVolume volume) {
        try {
            var _ = volume.volume().status("/");
            return true;
        } catch (HoldfastException e) {
            // An answer as well; but a volume that is closed is being opened again, which must come to an end.
            return e.code() != ErrorCode.CLOSED;
        }
    }

    void stopping() {
        manager.stopping("ending requests in flight, flushing, closing " + device);
    }
}
