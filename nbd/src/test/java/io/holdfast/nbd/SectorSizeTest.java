package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.TestClient.Answer;
import io.holdfast.nbd.TestClient.Mode;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.volume.CreateOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server with a sector size announces it and refuses other requests. */
class SectorSizeTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"512,SIMPLE", "512,STRUCTURED", "4096,STRUCTURED", "4096,EXTENDED"})
    void requestsThatAreNotWholeSectorsAreRefused(int sector, Mode mode) throws IOException {
        NbdOptions options = NbdOptions.defaults().withSectorSize(sector);
        try (ServerFixture server = new ServerFixture(directory, options);
                TestClient client = server.open(mode)) {
            byte[] data = new byte[2 * sector];
            Arrays.fill(data, (byte) 7);
            assertThat(client.write(0, sector, data)).isZero();
            int[][] ranges = {{1, sector}, {0, sector - 1}, {sector, 1}, {sector / 2, sector / 2}, {0, sector + 256}};
            for (int[] range : ranges) {
                assertThat(client.write(0, range[0], new byte[range[1]])).isEqualTo(22);
                for (CommandType type : CommandType.values()) {
                    boolean hasRange = switch (type) {
                        case READ, TRIM, CACHE, WRITE_ZEROES -> true;
                        case BLOCK_STATUS -> mode != Mode.SIMPLE;
                        case WRITE, DISC, FLUSH -> false;
                    };
                    if (hasRange) {
                        assertThat(client.call(type, 0, range[0], range[1]).error())
                                .as(type.name())
                                .isEqualTo(22);
                    }
                }
            }
            assertThat(client.read(0, sector, 2 * sector)).isEqualTo(data);
            assertThat(client.call(CommandType.TRIM, 0, sector, 0).error()).isZero();
            assertThat(client.call(CommandType.FLUSH, 0, 0, 0).error()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void everyClientIsToldTheSectorSize(int sector) throws IOException {
        NbdOptions options = NbdOptions.defaults().withSectorSize(sector);
        try (ServerFixture server = new ServerFixture(directory, options);
                TestClient client = server.greet()) {
            for (int[] infos : new int[][] {{}, {3}, {1, 3}}) {
                assertThat(client.ask(OptionType.INFO, TestClient.infoRequest("vm/disk", infos))
                                .info()
                                .minimum())
                        .isEqualTo(sector);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"512,1000001", "512,511", "4096,2048", "4096,4097"})
    void anExportThatIsNotWholeSectorsIsRefused(int sector, long size) throws IOException {
        NbdOptions options = NbdOptions.defaults().withSectorSize(sector);
        try (ServerFixture server = new ServerFixture(directory, options);
                TestClient client = server.greet()) {
            server.volume.create("/odd", CreateOptions.file().withSize(size)).close();
            server.volume.create("/empty", CreateOptions.file()).close();
            for (OptionType option : new OptionType[] {OptionType.INFO, OptionType.GO}) {
                Answer answer = client.ask(option, TestClient.infoRequest("odd", 3));
                assertThat(answer.error()).isEqualTo(OptionReply.ERR_POLICY);
                assertThat(answer.message()).contains(size + " bytes", "whole sectors", "--sector-size");
            }
            assertThat(client.ask(OptionType.INFO, TestClient.infoRequest("empty", 3))
                            .info()
                            .minimum())
                    .isEqualTo(sector);
        }
    }
}
