package io.holdfast.bench.fio;

/**
 * What one run of fio measured. Latencies run from the request to its answer.
 *
 * @param seconds how long it ran
 * @param flushSeconds the mean time of a flush; 0 without flushes
 */
public record FioResult(Direction read, Direction write, double seconds, long flushes, double flushSeconds) {
    /** One direction; all zero if there was none. */
    public record Direction(
            long requests, long bytes, double p50Micros, double p99Micros, double p9999Micros, double maxMicros) {
        static final Direction NONE = new Direction(0, 0, 0, 0, 0, 0);
    }

    public long requests() {
        return read.requests + write.requests;
    }

    public long bytes() {
        return read.bytes + write.bytes;
    }

    public double iops() {
        return requests() / seconds;
    }

    public double mebibytesPerSecond() {
        return bytes() / seconds / (1 << 20);
    }

    public double p99Micros() {
        return Math.max(read.p99Micros, write.p99Micros);
    }

    public double maxMicros() {
        return Math.max(read.maxMicros, write.maxMicros);
    }

    public double p9999Micros() {
        return Math.max(read.p9999Micros, write.p9999Micros);
    }
}
