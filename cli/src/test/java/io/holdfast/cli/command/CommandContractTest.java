package io.holdfast.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.fake.FakeJobs;
import io.holdfast.cli.fake.Household.Result;
import io.holdfast.cli.text.DamageAdvice;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.HostSpace;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The contracts of the commands, with the volume opened by each command and with the volume served. */
class CommandContractTest extends CommandFixture {
    @Override
    Result ok(String... args) {
        Result result = super.ok(args);
        assertThat(result.err()).isEmpty();
        return result;
    }

    private Result fails(int status, String... args) {
        Result result = home.run(args);
        assertThat(result.status()).as(result.err()).isEqualTo(status);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("holdfast: ").doesNotContain("\tat ");
        return result;
    }

    @Test
    void createMakesASparseFileDurably() {
        int syncs = home.fake().syncs.get();
        assertThat(ok("create", "VOLUME", "/disk", "--size", "40G").out()).isEqualTo("created /disk, 40 GiB\n");
        assertThat(home.fake().syncs.get()).isGreaterThan(syncs);

        var stat = ok("stat", "VOLUME", "/disk", "--json").json();
        assertThat(stat.path("size_bytes").asLong()).isEqualTo(40L << 30);
        assertThat(stat.path("allocated_bytes").asLong()).isZero();
        assertThat(stat.path("checksummed").asBoolean()).isTrue();
    }

    @Test
    void createWithoutChecksum() {
        ok("create", "VOLUME", "disk", "--size", "1M", "--no-checksum");
        assertThat(ok("stat", "VOLUME", "/disk", "--json")
                        .json()
                        .path("checksummed")
                        .asBoolean())
                .isFalse();
        assertThat(ok("stat", "VOLUME", "/disk").out()).contains("not checksummed");
    }

    @Test
    void filesMayBeLargerThanASignedNumber() {
        ok("create", "VOLUME", "/huge", "--size", "15E");
        assertThat(ok("stat", "VOLUME", "/huge", "--json")
                        .json()
                        .path("size_bytes")
                        .asString())
                .isEqualTo("17293822569102704640");
        assertThat(ok("ls", "VOLUME", "-l").out()).contains(" 17293822569102704640 ");
        fails(2, "export", "VOLUME", "/huge", folder.resolve("x").toString());
    }

    @Test
    void createDoesNotReplace() {
        ok("create", "VOLUME", "/disk", "--size", "1M");
        assertThat(fails(6, "create", "VOLUME", "/disk", "--size", "2M").err()).contains("/disk");
    }

    @Test
    void lsListsInByteOrder() {
        ok("mkdir", "VOLUME", "/b");
        ok("create", "VOLUME", "/a", "--size", "8K");
        ok("create", "VOLUME", "/b/c", "--size", "0");
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("a\nb\n");
        assertThat(ok("ls", "VOLUME", "/b").out()).isEqualTo("c\n");
        assertThat(ok("ls", "VOLUME", "/b/c").out()).isEqualTo("/b/c\n");
        assertThat(ok("ls", "VOLUME", "-l").out().lines().toList())
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).matches("[-d]rw.r-.r-.  +1 +0 +0 +\\d+ +0  20\\d\\d-.*  [ab]"));
        assertThat(ok("ls", "VOLUME", "-l", "--json").out().lines())
                .hasSize(2)
                .first()
                .asString()
                .contains("\"size_bytes\":8192", "\"name\":\"a\"");
    }

    @Test
    void lsPagesThroughLargeDirectories() throws IOException {
        for (int i = 0; i < 700; i++) {
            ok("mkdir", "-p", "VOLUME", String.format("/top/d%04d", i));
        }
        List<String> names = ok("ls", "VOLUME", "/top").out().lines().toList();
        assertThat(names).hasSize(700).isSorted();
        ok("rm", "-r", "VOLUME", "/top");
        assertThat(ok("ls", "VOLUME").out()).isEmpty();
    }

    @Test
    void lsDoesNotObeyWhatIsInNames() {
        ok("create", "VOLUME", "/x\u001b[2Jy", "--size", "0");
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("x\\x1b[2Jy\n");
        assertThat(ok("ls", "VOLUME", "--json").json().path("name").asString()).isEqualTo("x\u001b[2Jy");
    }

    @Test
    void mkdirMakesParentsIfAsked() {
        fails(5, "mkdir", "VOLUME", "/a/b/c");
        ok("mkdir", "-p", "VOLUME", "/a/b/c");
        ok("mkdir", "-p", "VOLUME", "/a/b/c");
        fails(6, "mkdir", "VOLUME", "/a/b/c");
        ok("create", "VOLUME", "/a/file", "--size", "0");
        fails(6, "mkdir", "-p", "VOLUME", "/a/file");
    }

    @Test
    void mvRenamesAndMovesIntoDirectories() {
        ok("create", "VOLUME", "/a", "--size", "4K");
        ok("create", "VOLUME", "/other", "--size", "4K");
        ok("mkdir", "VOLUME", "/dir");
        ok("mv", "VOLUME", "/a", "/b");
        ok("mv", "VOLUME", "/b", "/dir");
        assertThat(ok("ls", "VOLUME", "/dir").out()).isEqualTo("b\n");
        fails(6, "mv", "VOLUME", "/dir/b", "/other");
        ok("mv", "--force", "VOLUME", "/dir/b", "/other");
        assertThat(ok("ls", "VOLUME").out()).isEqualTo("dir\nother\n");
        fails(5, "mv", "VOLUME", "/nothing", "/x");
    }

    @Test
    void rmRemovesFilesAndTrees() {
        ok("mkdir", "-p", "VOLUME", "/t/u/v");
        ok("create", "VOLUME", "/t/f", "--size", "1M");
        ok("create", "VOLUME", "/t/u/g", "--size", "1M");
        fails(11, "rm", "VOLUME", "/t");
        assertThat(ok("rm", "-r", "VOLUME", "/t", "--json")
                        .json()
                        .path("removed")
                        .asInt())
                .isEqualTo(5);
        fails(5, "rm", "VOLUME", "/t");
        ok("rm", "-f", "VOLUME", "/t");
    }

    @Test
    void resizeShrinksOnlyIfTold() {
        ok("create", "VOLUME", "/d", "--size", "1M");
        ok("resize", "VOLUME", "/d", "--size", "2M");
        assertThat(fails(2, "resize", "VOLUME", "/d", "--size", "4K").err()).contains("--shrink");
        ok("resize", "VOLUME", "/d", "--size", "4K", "--shrink");
        assertThat(ok("stat", "VOLUME", "/d", "--json")
                        .json()
                        .path("size_bytes")
                        .asLong())
                .isEqualTo(4096);
    }

    @Test
    void growMakesTheVolumeLarger() {
        int syncs = home.fake().syncs.get();
        assertThat(ok("grow", "VOLUME", "--size", "100M").out())
                .isEqualTo("grew " + home.volume + " from 64 MiB to 100 MiB\n");
        assertThat(home.fake().syncs.get()).isGreaterThan(syncs);
        assertThat(ok("grow", "VOLUME", "--size", "100M").out())
                .isEqualTo(home.volume + " has 100 MiB already; nothing was changed\n");
        var grown = ok("grow", "VOLUME", "--json").json();
        assertThat(grown.path("device").asString()).isEqualTo(home.volume.toString());
        assertThat(grown.path("size_bytes_before").asLong()).isEqualTo(100 << 20);
        assertThat(grown.path("size_bytes").asLong()).isEqualTo(200 << 20);
        assertThat(fails(2, "grow", "VOLUME", "--size", "20M").err()).contains("cannot shrink");
        assertThat(fails(2, "grow", "VOLUME", "--size", "0").err()).contains("0 bytes");
        assertThat(ok("df", "-h", "VOLUME").out()).contains("200 MiB");
    }

    @Test
    void statShowsAll() {
        ok("create", "VOLUME", "/d", "--size", "1M");
        assertThat(ok("stat", "VOLUME", "/d").out())
                .contains(
                        "  File: /d\n",
                        "Size: 1048576 ",
                        "(0644/-rw-r--r--)",
                        "Modify: 2026-01-02T03:04:05.000000006Z");
        fails(5, "stat", "VOLUME", "/none");
    }

    @Test
    void symbolicLinksShowTheirTarget() throws IOException {
        if (mode == Mode.LOCAL) {
            try (var volume = home.hold()) {
                volume.symlink("/link", "/target");
            }
        } else {
            home.fake().symlink("/link", "/target");
        }
        assertThat(ok("stat", "VOLUME", "/link").out()).contains("/link -> /target", "symbolic link");
        assertThat(ok("ls", "-l", "VOLUME").out()).contains("link -> /target");
    }

    @Test
    void dfAddsUp() {
        var df = ok("df", "VOLUME", "--json").json();
        assertThat(df.path("total_bytes").asLong()).isEqualTo(64 << 20);
        assertThat(df.path("free_bytes").asLong() + df.path("used_bytes").asLong())
                .isEqualTo(df.path("total_bytes").asLong());
        assertThat(ok("df", "-h", "VOLUME").out()).contains("64 MiB", "use%");
        long[] columns = ok("df", "VOLUME")
                .out()
                .lines()
                .skip(1)
                .limit(1)
                .flatMap(row -> Stream.of(row.split(" +")))
                .filter(cell -> cell.matches("\\d+"))
                .mapToLong(Long::parseLong)
                .toArray();
        assertThat(columns).hasSize(6);
        assertThat(columns[1] + columns[2] + columns[3] + columns[4]).isEqualTo(columns[0]);
    }

    @Test
    void dfAndInfoShowTheHostAndWarn() {
        String[] kinds = {"volume_full", "host_full", "host_promised", "host_unknown"};
        home.fake().liesOn(new HostSpace(100L << 30, 79L << 30, 21L << 30, 20L << 30, false));
        var df = ok("df", "VOLUME", "--json").json();
        assertThat(df.path("full_percent").asInt()).isZero();
        assertThat(df.path("host").toString())
                .isEqualTo("{\"total_bytes\":107374182400,\"used_bytes\":84825604096,\"free_bytes\":22548578304,"
                        + "\"promised_bytes\":21474836480,\"preallocated\":false,\"full_percent\":79}");
        assertThat(df.path("warnings")).isEmpty();
        assertThat(ok("df", "-h", "VOLUME").out())
                .contains("promised", "20 GiB")
                .doesNotContain("WARNING");
        assertThat(ok("info", "VOLUME").out()).doesNotContain("WARNING");

        home.fake().liesOn(new HostSpace(100L << 30, 93L << 30, 7L << 30, 20L << 30, false));
        df = ok("df", "VOLUME", "--json").json();
        assertThat(df.path("warnings")).hasSize(2);
        assertThat(df.path("warnings").findValuesAsString("kind")).containsExactly(kinds[1], kinds[2]);
        assertThat(ok("info", "VOLUME", "--json").json().path("warnings")).isEqualTo(df.path("warnings"));
        String full = "WARNING: the file system of the host below " + home.volume
                + " is 93 % full: 7 GiB of 100 GiB are free; when it is full, the volume refuses writes until there is"
                + " room\n";
        String promised = "WARNING: the file system of the host below " + home.volume
                + " has 7 GiB free, less than the 20 GiB that the volume promises and its file has not taken yet; the"
                + " host may be full before the volume is\n";
        assertThat(ok("df", "-h", "VOLUME").out()).endsWith(full + promised);
        assertThat(ok("info", "VOLUME").out()).endsWith(full + promised);

        home.fake().liesOn(new HostSpace(100L << 30, 93L << 30, 7L << 30, 0, true));
        assertThat(ok("df", "-h", "VOLUME").out()).contains("the volume has all of its space already");
        home.fake().liesOn(new HostSpace(100L << 30, 10L << 30, 90L << 30, -1, false));
        assertThat(ok("df", "-h", "VOLUME").out()).contains("unknown").doesNotContain("WARNING");
        home.fake().liesOn(new HostSpace(100L << 30, 10L << 30, 90L << 30, 1L << 30, true));
        assertThat(ok("df", "-h", "VOLUME").out()).contains("WARNING: " + home.volume, "--preallocate", "lacks 1 GiB");
        home.fake().failWhenAskedForTheHost(new HoldfastException(ErrorCode.DEVICE_ERROR, "no answer"));
        df = ok("df", "VOLUME", "--json").json();
        assertThat(df.has("host")).isFalse();
        assertThat(df.path("warnings").findValuesAsString("kind")).containsExactly(kinds[3]);
    }

    @Test
    void dfAndInfoWarnOfAFullVolume() {
        ok("create", "VOLUME", "/d", "--size", "60M");
        importZeroesInto("/d", 55);
        assertThat(ok("df", "VOLUME", "--json").json().path("full_percent").asInt())
                .isEqualTo(86);
        assertThat(ok("df", "-h", "VOLUME").out())
                .endsWith(
                        "WARNING: " + home.volume
                                + " is 86 % full: 9 MiB of 64 MiB are free; remove files, or make it larger ('holdfast grow')\n");
        assertThat(ok("info", "VOLUME").out()).contains("WARNING: ");
    }

    /** Fills so many MiB of a file. */
    private void importZeroesInto(String path, int mib) {
        byte[] data = new byte[mib << 20];
        Arrays.fill(data, (byte) 1);
        home.withInput(data);
        ok("import", "--force", "-", "VOLUME", path);
    }

    @Test
    void infoSaysWhetherItIsServed() {
        var info = ok("info", "VOLUME", "--json").json();
        assertThat(info.path("served").asBoolean()).isEqualTo(mode == Mode.SERVED);
        assertThat(info.path("checksum").asString()).isEqualTo("crc32c");
        assertThat(info.has("counters")).isEqualTo(mode == Mode.SERVED);
        String text = ok("info", "VOLUME").out();
        assertThat(text).contains("00000000-0000-0001-0000-000000000002");
        if (mode == Mode.SERVED) {
            assertThat(text).containsPattern("bytes written +3 bytes\n");
        }
    }

    @Test
    void infoShowsALatchedFailure() {
        home.fake().failWith(new HoldfastException(ErrorCode.FAILED, "flush of /dev/sdx failed"));
        assertThat(ok("info", "VOLUME").out()).contains("flush of /dev/sdx failed");
        assertThat(fails(1, "mkdir", "VOLUME", "/d").err()).contains("flush of /dev/sdx failed");
    }

    @Test
    void checkTellsWhatItLeavesOut() throws IOException {
        ok("create", "VOLUME", "/a", "--size", "1M");
        assertThat(ok("check", "VOLUME", "--metadata-only", "--rate", "200M").out())
                .endsWith("\nclean (not checked: data blocks: only metadata was read)\n");
        assertThat(home.fake().checked).isEqualTo(new CheckOptions(true, List.of(), 200L << 20));
        assertThat(ok("check", "VOLUME", "--file", "a").out())
                .contains("; 1 file; ")
                .endsWith("\nclean (not checked: other files and directories; names, superblocks, the log, and which"
                        + " blocks are in use)\n");
        assertThat(home.fake().checked).isEqualTo(new CheckOptions(false, List.of("/a"), 0));
        Result json = ok("check", "VOLUME", "--file", "/a", "--json");
        assertThat(json.json().path("scope").asString()).isEqualTo("files");
        assertThat(json.json().path("not_checked").size()).isEqualTo(2);
        assertThat(ok("check", "VOLUME", "--json").json().path("scope").asString())
                .isEqualTo("volume");
        home.fake()
                .reportOnCheck(new CheckReport(
                        List.of(new CheckReport.Problem(
                                "data", 77, home.fake().status("/a").inode(), "bad")),
                        1,
                        1,
                        1,
                        5,
                        0,
                        3,
                        List.of()));
        assertThat(home.run("check", "VOLUME", "--file", "/a").out())
                .startsWith("data block 77: /a: bad\n")
                .contains("DAMAGED: 1 problem (not checked: other files");
    }

    @Test
    void infoShowsChecks() {
        assertThat(ok("info", "VOLUME").out()).containsPattern("last check +none by a server\n");
        home.fake().lastCheck =
                Optional.of(new FinishedCheck(Instant.parse("2026-11-30T12:00:00Z"), 90_000_000_000L, 2, 0));
        assertThat(ok("info", "VOLUME").out())
                .containsPattern("last check +2026-11-30T12:00:00Z: DAMAGED, problems: 2, took 1 min 30 s\n");
        assertThat(ok("info", "VOLUME", "--json")
                        .json()
                        .path("last_check")
                        .path("result")
                        .asString())
                .isEqualTo("damaged");
        home.fake().jobs.add(FakeJobs.CHECK);
        assertThat(ok("info", "VOLUME").out()).containsPattern("check +job 7, 50 %, running, at most 4 MiB/s\n");
        assertThat(ok("info", "VOLUME", "--json")
                        .json()
                        .path("running_check")
                        .path("id")
                        .asLong())
                .isEqualTo(7);
    }

    @Test
    void checkReportsDamageByItsExitCode() {
        assertThat(ok("check", "VOLUME").out())
                .contains("7 data blocks verified")
                .endsWith("clean\n");
        home.fake()
                .reportOnCheck(new CheckReport(
                        List.of(
                                new CheckReport.Problem("data", 77, "/disk offset 4096: checksum mismatch"),
                                new CheckReport.Problem("space map", -1, "one block is counted twice")),
                        2000,
                        1,
                        1,
                        5,
                        0,
                        3,
                        List.of()));
        Result damaged = home.run("check", "VOLUME");
        assertThat(damaged.status()).isEqualTo(1);
        assertThat(damaged.out())
                .contains("data block 77: /disk offset 4096", "space map: one block", "and 1998 more")
                .endsWith("DAMAGED: 2000 problems\n" + DamageAdvice.TEXT + "\n");
        Result json = home.run("check", "VOLUME", "--json");
        assertThat(json.status()).isEqualTo(1);
        assertThat(json.json().path("clean").asBoolean()).isFalse();
        assertThat(json.json().path("problems").size()).isEqualTo(2);
        assertThat(json.json().path("problem_count").asInt()).isEqualTo(2000);
    }

    @Test
    void checkNamesTheFilesThatAreDamaged() throws IOException {
        ok("mkdir", "VOLUME", "/vms");
        ok("create", "VOLUME", "/vms/disk", "--size", "1M");
        home.fake().link("/vms/disk", "/other\u001b");
        long inode =
                ok("stat", "VOLUME", "/vms/disk", "--json").json().path("inode").asLong();
        home.fake()
                .reportOnCheck(new CheckReport(
                        List.of(
                                new CheckReport.Problem("data", 77, inode, "offset 4096: checksum mismatch"),
                                new CheckReport.Problem("map node", 78, 4711, "checksum mismatch"),
                                new CheckReport.Problem("space map", 79, "checksum mismatch")),
                        3,
                        1,
                        2,
                        5,
                        0,
                        3,
                        List.of()));
        assertThat(home.run("check", "VOLUME").out()).startsWith("""
                data block 77: /other\\x1b, /vms/disk: offset 4096: checksum mismatch
                map node block 78: no name: checksum mismatch
                space map block 79: checksum mismatch
                """);
        var problems = home.run("check", "VOLUME", "--json").json().path("problems");
        assertThat(problems.path(0).path("inode").asLong()).isEqualTo(inode);
        assertThat(problems.path(0).path("paths").toString()).isEqualTo("[\"/other\\u001B\",\"/vms/disk\"]");
        assertThat(problems.path(1).path("paths").size()).isZero();
        assertThat(problems.path(2).path("inode").asLong()).isEqualTo(-1);
    }

    @Test
    void checkSaysWhatItCouldNotProve() {
        home.fake().reportOnCheck(new CheckReport(List.of(), 0, 1, 1, 5, 0, 3, List.of("inode 7: writers came first")));
        Result result = ok("check", "VOLUME");
        assertThat(result.out()).endsWith("""
                not proven: inode 7: writers came first
                no damage found, but not everything could be checked
                """);
        assertThat(ok("check", "VOLUME", "--json")
                        .json()
                        .path("unproven")
                        .path(0)
                        .asString())
                .isEqualTo("inode 7: writers came first");
    }

    /** A directory that cannot be listed may hold the name. */
    @Test
    void checkDoesNotSayThatThereIsNoNameWhereItCannotLook() throws IOException {
        ok("mkdir", "-p", "VOLUME", "/vms/more");
        home.fake()
                .reportOnCheck(new CheckReport(
                        List.of(new CheckReport.Problem("data", 77, 4711, "checksum mismatch")),
                        1,
                        1,
                        1,
                        5,
                        0,
                        3,
                        List.of()));
        assertThat(home.run("check", "VOLUME").out()).startsWith("data block 77: no name found: checksum");
    }

    @Test
    void aReportOfAThousandLongProblemsArrives() {
        var problem = new CheckReport.Problem("data", 1, "x".repeat(500));
        home.fake()
                .reportOnCheck(
                        new CheckReport(java.util.Collections.nCopies(1000, problem), 1000, 1, 1, 1, 1, 1, List.of()));
        Result json = home.run("check", "VOLUME", "--json");
        assertThat(json.json().path("problems").size()).isEqualTo(1000);
    }

    @Test
    void errorsAreJsonToo() {
        Result result = home.run("stat", "VOLUME", "/none", "--json");
        assertThat(result.status()).isEqualTo(5);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("\"error\":\"NOT_FOUND\"", "\"exit_code\":5")
                .endsWith("}\n");
    }

    @Test
    void debugShowsWhereAnErrorCameFrom() {
        assertThat(home.run("stat", "VOLUME", "/none", "--debug").err()).contains("\tat io.holdfast.");
    }
}
