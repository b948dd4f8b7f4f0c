package io.holdfast.concurrent;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.volume.LatencyCounts;
import java.util.Collections;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    @Test
    void everyTimeIsInTheBucketOfWhichTheEndIsTheNextOne() {
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            long took = random.nextLong() >>> random.nextInt(1, 64);
            int bucket = Latencies.bucket(took);
            assertThat(took).isLessThan(Latencies.end(bucket));
            if (bucket > 0) {
                assertThat(took).isGreaterThanOrEqualTo(Latencies.end(bucket - 1));
            }
        }
        assertThat(Latencies.bucket(-1)).isZero();
        assertThat(Latencies.bucket(Long.MAX_VALUE)).isEqualTo(Latencies.BUCKETS - 1);
    }

    @Test
    void everyFourthBucketEndsWithAPowerOfTwo() {
        for (int i = 0; i < Latencies.BUCKETS - 1; i += 4) {
            assertThat(Long.bitCount(Latencies.end(i))).isEqualTo(1);
        }
    }

    @Test
    void aQuantileIsAtMostAQuarterTooLong() {
        Latencies latencies = new Latencies();
        for (int micros = 1; micros <= 100_000; micros++) {
            latencies.add(micros * 1000L);
        }
        LatencyCounts counts = LatencyCounts.of(latencies);
        assertThat(counts.count()).isEqualTo(100_000);
        assertThat(counts.nanos()).isEqualTo(100_000L * 100_001 / 2 * 1000);
        assertThat(counts.quantile(0.5)).isBetween(50_000_000L, 62_500_000L);
        assertThat(counts.quantile(0.99)).isBetween(99_000_000L, 123_750_000L);
        assertThat(LatencyCounts.NONE.quantile(0.99)).isZero();
    }

    @Test
    void aDifferenceOfCountsThatBeganAnewIsAllOfThem() {
        Latencies latencies = new Latencies();
        latencies.add(5000);
        LatencyCounts first = LatencyCounts.of(latencies);
        latencies.add(2_000_000);
        LatencyCounts second = LatencyCounts.of(latencies);
        assertThat(second.since(first).count()).isEqualTo(1);
        assertThat(second.since(first).nanos()).isEqualTo(2_000_000);
        assertThat(first.since(second)).isEqualTo(first);
        assertThat(second.since(LatencyCounts.NONE)).isEqualTo(second);
        assertThat(Collections.max(second.counts())).isEqualTo(1);
    }
}
