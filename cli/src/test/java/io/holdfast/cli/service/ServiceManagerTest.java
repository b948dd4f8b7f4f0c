package io.holdfast.cli.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a service manager hears, at both kinds of address. */
@Timeout(60)
class ServiceManagerTest {
    private static final long PID = 77;

    @TempDir
    private Path folder;

    private final AtomicLong clock = new AtomicLong(-5);

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyReportArrives(boolean isAbstract) throws Exception {
        String address = isAbstract
                ? "@holdfast-test-" + folder
                : folder.resolve("notify").toString();
        try (Datagrams heard = new Datagrams(folder, address);
                ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", address), PID, clock::get)) {
            manager.starting("opening");
            manager.starting("too soon for another report");
            pass(Duration.ofSeconds(1));
            manager.starting("recovering: 50 %");
            manager.ready("serving\nwell");
            manager.status("serving\nwell");
            manager.alive();
            manager.status("full");
            manager.stopping("ending");
            assertThat(heard.until("STOPPING"))
                    .containsExactly(
                            "EXTEND_TIMEOUT_USEC=60000000 | STATUS=opening",
                            "EXTEND_TIMEOUT_USEC=60000000 | STATUS=recovering: 50 %",
                            "READY=1 | STATUS=serving?well",
                            "STATUS=full",
                            "STOPPING=1 | STATUS=ending");
        }
    }

    @Test
    void aSignOfLifeComesFourTimesInTheTimeOfTheWatchdog() throws Exception {
        String address = folder.resolve("notify").toString();
        Map<String, String> environment =
                Map.of("NOTIFY_SOCKET", address, "WATCHDOG_USEC", "40000000", "WATCHDOG_PID", "77");
        try (Datagrams heard = new Datagrams(folder, address);
                ServiceManager manager = ServiceManager.of(environment, PID, clock::get)) {
            manager.alive();
            for (int second = 0; second < 20; second++) {
                pass(Duration.ofSeconds(1));
                manager.alive();
            }
            manager.stopping("end");
            assertThat(heard.until("STOPPING")).containsExactly("WATCHDOG=1", "WATCHDOG=1", "STOPPING=1 | STATUS=end");
        }
    }

    @Test
    void theWatchdogOfAnotherProcessIsNotFed() throws Exception {
        String address = folder.resolve("notify").toString();
        Map<String, String> environment = Map.of("NOTIFY_SOCKET", address, "WATCHDOG_USEC", "1", "WATCHDOG_PID", "78");
        try (Datagrams heard = new Datagrams(folder, address);
                ServiceManager manager = ServiceManager.of(environment, PID, clock::get)) {
            pass(Duration.ofHours(1));
            manager.alive();
            manager.stopping("end");
            assertThat(heard.next()).startsWith("STOPPING");
        }
    }

    /** A manager that does not listen hinders no server. */
    @ParameterizedTest
    @ValueSource(strings = {"", "relative", "/", "/no/such/socket", "@nobody-listens-here"})
    void withoutAManagerNothingHappens(String address) {
        try (ServiceManager manager =
                ServiceManager.of(Map.of("NOTIFY_SOCKET", address, "WATCHDOG_USEC", "x"), PID, clock::get)) {
            manager.starting("a");
            manager.ready("b");
            manager.status("c");
            pass(Duration.ofHours(1));
            manager.alive();
            manager.stopping("d");
        }
    }

    @Test
    void aManagerThatReadsNothingKeepsNobodyWaiting() throws Exception {
        String address = folder.resolve("notify").toString();
        try (Datagrams heard = new Datagrams(folder, address);
                ServiceManager manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", address), PID, clock::get)) {
            assertThat(heard).isNotNull();
            for (int i = 0; i < 10_000; i++) {
                manager.status("status " + "x".repeat(1000) + i);
            }
        }
    }
}
