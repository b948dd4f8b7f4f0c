package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Main;
import io.holdfast.cli.demo.RealServer;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Scrapes a server while a client works, and holds the rules, the dashboard and the page to what it says. */
@Tag("slow")
@Timeout(300)
class MonitoringTest {
    /** The one that Debian's packages are for. */
    private static final String PYTHON = "/usr/bin/python3";

    private static final Path MONITORING = Path.of("..", "packaging", "monitoring");
    private static final Path PAGE = Path.of("..", "docs", "MONITORING.md");
    private static final Pattern NAME = Pattern.compile("\\b(holdfast|process)_[a-z_]+[a-z]\\b");
    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(\\{.*\\})? (\\S+)");
    private static final String HOSTILE = "/a\"b\\c{} 💾";

    @TempDir
    private Path folder;

    private RealServer server;
    private String http;

    @BeforeEach
    void start() throws IOException {
        server = new RealServer(folder, "64M");
        server.run("create", "VOLUME", "/disk", "--size", "16M");
        server.run("create", "VOLUME", HOSTILE, "--size", "16M");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            http = "127.0.0.1:" + free.getLocalPort();
        }
        server.start("--http", http);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private String scrape(String accept) throws IOException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://" + http + "/metrics"))
                            .header("Accept", accept)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            return answer.body();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the samples of a scrape by name and labels. */
    private Map<String, Double> samples() throws IOException {
        Map<String, Double> samples = new HashMap<>();
        for (String line : scrape("application/openmetrics-text").lines().toList()) {
            if (!line.startsWith("#")) {
                Matcher sample = SAMPLE.matcher(line);
                assertThat(sample.matches()).as(line).isTrue();
                String labels = sample.group(2) == null ? "" : sample.group(2);
                assertThat(samples.put(sample.group(1) + labels, Double.valueOf(sample.group(3))))
                        .as("only once: " + line)
                        .isNull();
            }
        }
        return samples;
    }

    /** The server looks each second: scrapes until something is so. The test's timeout bounds this. */
    private Map<String, Double> await(Predicate<Map<String, Double>> wanted) throws IOException {
        Map<String, Double> samples = samples();
        while (!wanted.test(samples)) {
            LockSupport.parkNanos(50_000_000);
            samples = samples();
        }
        return samples;
    }

    @Test
    void theCountsAreWhatTheClientDid() throws IOException {
        Program.needs("fio");
        JsonNode done = fio();
        long reads = done.path("read").path("total_ios").asLong();
        long writes = done.path("write").path("total_ios").asLong();
        assertThat(reads + writes).isEqualTo(2048);
        String export = "{export=\"/disk\",operation=\"";
        Map<String, Double> now =
                await(s -> s.getOrDefault("holdfast_nbd_requests_total" + export + "write\"}", 0.0) >= writes);
        assertThat(now)
                .containsEntry("holdfast_nbd_requests_total" + export + "read\"}", (double) reads)
                .containsEntry("holdfast_nbd_requests_total" + export + "write\"}", (double) writes)
                .containsEntry("holdfast_nbd_read_bytes_total{export=\"/disk\"}", reads * 4096.0)
                .containsEntry("holdfast_nbd_written_bytes_total{export=\"/disk\"}", writes * 4096.0)
                .containsEntry("holdfast_nbd_request_errors_total{export=\"/disk\"}", 0.0)
                .containsEntry("holdfast_nbd_request_duration_seconds_count{operation=\"write\"}", (double) writes)
                .containsEntry("holdfast_nbd_request_duration_seconds_bucket{operation=\"write\",le=\"+Inf\"}", (double)
                        writes);
        assertThat(now.get("holdfast_nbd_request_duration_seconds_sum{operation=\"write\"}"))
                .isBetween(writes * 1e-7, writes * 10.0);
        assertThat(now.get("holdfast_device_flush_duration_seconds_count")).isPositive();
    }

    private JsonNode fio() throws IOException {
        String uri = server.uri("/disk");
        String printed = Program.run(
                folder,
                "fio",
                "--name=mixed",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randrw",
                "--bs=4k",
                "--size=8m",
                "--fsync=256",
                "--randseed=1",
                "--output-format=json");
        return JsonMapper.shared()
                .readTree(printed.substring(printed.indexOf("{\n"), printed.lastIndexOf('}') + 1))
                .path("jobs")
                .path(0);
    }

    @Test
    void aDiskWithAHostileNameHasItsSeries() throws IOException {
        Program.needs("nbdsh");
        String name = HOSTILE.substring(1).replace("\\", "\\\\").replace("\"", "\\\"");
        Program.run(
                folder,
                "nbdsh",
                "-c",
                "h.set_export_name(\"" + name + "\")",
                "-c",
                "h.connect_unix(\"" + server.socket() + "\")",
                "-c",
                "h.pwrite(b'x' * 5000, 0)");
        String series = "holdfast_nbd_written_bytes_total{export=\"/" + name + "\"}";
        assertThat(await(s -> s.getOrDefault(series, 0.0) == 5000)).containsEntry(series, 5000.0);
    }

    @Test
    void everyNameOfTheRulesTheDashboardAndThePageIsInAScrape() throws IOException {
        server.run("check", "VOLUME");
        Set<String> known = await(s -> s.containsKey("holdfast_check_last_problems")).keySet().stream()
                .map(series -> series.replaceFirst("\\{.*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        for (Path file : List.of(
                MONITORING.resolve("holdfast-alerts.yml"), MONITORING.resolve("grafana-dashboard.json"), PAGE)) {
            Set<String> names = NAME.matcher(Files.readString(file))
                    .results()
                    .map(MatchResult::group)
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(names).as(file.toString()).isNotEmpty();
            // The page names histograms as a whole.
            names.removeIf(name -> file.equals(PAGE) && known.contains(name + "_count"));
            assertThat(known).as(file.toString()).containsAll(names);
        }
        String page = Files.readString(PAGE);
        assertThat(known).allSatisfy(name -> assertThat(page).contains(name.replaceFirst("_(bucket|sum|count)$", "")));
    }

    @Test
    void strictParsersTakeIt() throws IOException {
        Files.writeString(folder.resolve("open"), scrape("application/openmetrics-text"));
        Files.writeString(folder.resolve("old"), scrape("text/plain"));
        Program.Result python = Program.end(folder, PYTHON, "-c", "import prometheus_client.openmetrics");
        if (python.status() == 0) {
            Program.run(
                    folder,
                    PYTHON,
                    "-c",
                    "from prometheus_client.openmetrics.parser import text_string_to_metric_families as p\n"
                            + "print(len(list(p(open('open', newline='\\n').read()))))");
        } else {
            System.out.println("skipped: python3-prometheus-client is not installed");
        }
        Program.needs("promtool");
        Program.Result linted = Program.end(folder, "bash", "-c", "promtool check metrics <old");
        assertThat(linted.output()).isEmpty();
        linted.succeeds();
    }

    @Test
    void theRulesAreGoodAndFireWhenTheyShould() throws IOException {
        Program.needs("promtool");
        Path rules = MONITORING.resolve("holdfast-alerts.yml").toAbsolutePath();
        Program.run(folder, "promtool", "check", "rules", rules.toString());
        Path test = Path.of("src", "test", "resources", "monitoring", "alerts-test.yml")
                .toAbsolutePath();
        Program.run(folder, "promtool", "test", "rules", test.toString());
    }

    /** Runs the commands of the page. What they print begins as the lines below them do, up to the first number. */
    @Test
    void theCommandsOfThePageWork() throws IOException {
        Program.needs("curl");
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path command = Files.writeString(
                bin.resolve("holdfast"),
                "#!/bin/sh\nexec '" + System.getProperty("java.home") + "/bin/java' -XX:+UseSerialGC"
                        + " -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED -cp '"
                        + System.getProperty("java.class.path") + "' " + Main.class.getName() + " \"$@\"\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        await(s -> s.get("holdfast_volume_open") == 1);
        String printed = "";
        int commands = 0;
        boolean inside = false;
        for (String line : Files.readAllLines(PAGE)) {
            if (line.startsWith("```")) {
                inside = line.equals("```console");
            } else if (inside && line.startsWith("$ ")) {
                String words = line.substring(2)
                        .replace("127.0.0.1:9190", http)
                        .replace("vms.holdfast", server.volume().toString());
                printed = Program.run(folder, "bash", "-c", "PATH=\"$PWD/bin:$PATH\"\n" + words);
                commands++;
            } else if (inside) {
                assertThat(printed).contains(line.replaceFirst("[0-9].*", ""));
            }
        }
        assertThat(commands).isGreaterThan(3);
    }

    @Test
    void topShowsTheServer() throws IOException {
        JsonNode top = server.run("top", "VOLUME", "--once");
        assertThat(top.path("total_bytes").asLong()).isEqualTo(64 << 20);
        assertThat(top.path("write").path("count").asLong()).isZero();
        assertThat(top.path("seconds").asDouble()).isPositive();
        assertThat(top.path("jobs").isArray()).isTrue();
    }
}
