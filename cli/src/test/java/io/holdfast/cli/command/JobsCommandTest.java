package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.FakeJobs;
import io.holdfast.cli.fake.Household;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.volume.JobState;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobsCommandTest {
    @TempDir
    private Path folder;

    private Household home;

    @BeforeEach
    void start() {
        home = new Household(folder).formatted();
        home.fake().jobs.add(FakeJobs.CHECK);
    }

    @AfterEach
    void stop() throws IOException {
        home.close();
    }

    private String ok(String... args) {
        Result result = home.run(args);
        assertThat(result.status()).as(result.err()).isZero();
        return result.out();
    }

    @Test
    void listsThemForPeople() throws IOException {
        home.serve();
        String table = """
                id  job                state    done     rate  limit  moved        time
                 7  check: the volume  running  50 %  4 MiB/s      -  3 MiB  1 min 30 s
                """;
        assertThat(ok("jobs", "VOLUME")).isEqualTo(table);
        assertThat(ok("jobs", "VOLUME", "list")).isEqualTo(table);
        ok("jobs", "VOLUME", "cancel", "7");
        assertThat(ok("jobs", "VOLUME")).isEqualTo("no jobs\n");
    }

    @Test
    void listsThemForPrograms() throws IOException {
        home.serve();
        Result result = home.run("jobs", "VOLUME", "--json");
        assertThat(result.out()).isEqualTo("""
                {"served":true,"jobs":[{"id":7,"kind":"check","subject":"the volume","state":"running","done_bytes":50,\
                "total_bytes":100,"moved_bytes":3145728,"rate_bytes":4194304,"limit_bytes":0,"seconds":90.0}]}
                """);
    }

    @Test
    void controlsThem() throws IOException {
        home.serve();
        assertThat(ok("jobs", "VOLUME", "pause", "7")).contains("paused");
        assertThat(home.fake().jobs.list().getFirst().state()).isEqualTo(JobState.PAUSED);
        assertThat(ok("jobs", "VOLUME", "resume", "7")).contains("running");
        assertThat(ok("jobs", "VOLUME", "rate", "7", "200M")).contains("200 MiB/s");
        assertThat(home.fake().jobs.list().getFirst().limit()).isEqualTo(200 << 20);
        ok("jobs", "VOLUME", "rate", "7", "1000B/s");
        assertThat(home.fake().jobs.list().getFirst().limit()).isEqualTo(1000);
        ok("jobs", "VOLUME", "rate", "7", "none");
        assertThat(home.fake().jobs.list().getFirst().limit()).isZero();
        assertThat(home.run("jobs", "VOLUME", "pause", "7", "--json")
                        .json()
                        .path("jobs")
                        .path(0)
                        .path("state")
                        .asString())
                .isEqualTo("paused");
        assertThat(ok("jobs", "VOLUME", "cancel", "7")).isEqualTo("job 7: ends\n");
        assertThat(home.fake().jobs.list()).isEmpty();
        Result none = home.run("jobs", "VOLUME", "pause", "7");
        assertThat(none.status()).isEqualTo(5);
        assertThat(none.err()).isEqualTo("holdfast: there is no job 7; it may have ended; list the jobs\n");
    }

    @Test
    void ofAVolumeThatNobodyServesThereAreNone() {
        assertThat(ok("jobs", "VOLUME")).isEqualTo("nobody serves " + home.volume + ", so there are no jobs\n");
        assertThat(home.run("jobs", "VOLUME", "--json").out()).isEqualTo("{\"served\":false,\"jobs\":[]}\n");
        Result pause = home.run("jobs", "VOLUME", "pause", "7");
        assertThat(pause.status()).isEqualTo(5);
        assertThat(pause.err()).contains("nobody serves " + home.volume);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                jobs VOLUME stop 7        | 'stop' is none of list, pause, resume, cancel and rate
                jobs VOLUME pause         | pause needs the number of a job: see 'holdfast jobs'
                jobs VOLUME list 7        | list takes no job
                jobs VOLUME pause seven   | 'seven' is not the number of a job: see 'holdfast jobs'
                jobs VOLUME pause 7 1M    | pause takes no rate
                jobs VOLUME rate 7        | rate needs a rate: 200M, or none
                jobs VOLUME rate 7 fast   | 'fast' is not a rate; write bytes per second, as in 200M, or none
                jobs VOLUME rate 7 0      | a rate is at least 1 byte per second; 'none' sets no bound
                check VOLUME --rate fast  | 'fast' is not a rate
                check VOLUME --file ../x  | ../x
                serve VOLUME --nbd unix:/tmp/x --check-every 7       | '7' is not a time; write a number and a unit, as in 7d, 12h or 30m
                serve VOLUME --nbd unix:/tmp/x --check-every 0s      | '0s' is out of range: it may be 1s to 10 years
                serve VOLUME --nbd unix:/tmp/x --check-every 999999d | out of range
                serve VOLUME --nbd unix:/tmp/x --check-every 1d --read-only | does not go with --read-only
                """)
    void misuseIsSaidInWords(String line, String message) {
        Result result = home.run(line.split(" "));
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.err()).contains(message);
        assertThat(result.out()).isEmpty();
    }
}
