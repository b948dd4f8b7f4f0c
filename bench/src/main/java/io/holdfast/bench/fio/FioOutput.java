package io.holdfast.bench.fio;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what fio prints with {@code --output-format=json}: remarks, then one JSON object with one (grouped) job. */
public final class FioOutput {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final double NANOS_PER_MICRO = 1000;

    private FioOutput() {}

    /** Parses the output of one job; throws IllegalArgumentException if the job failed. */
    public static FioResult parse(String output) {
        // The object begins on a line of its own; the engine's remarks may come before it.
        int start = output.startsWith("{") ? 0 : output.indexOf("\n{") + 1;
        if (start == 0 && !output.startsWith("{")) {
            throw new IllegalArgumentException("fio printed no JSON: " + output.strip());
        }
        JsonNode jobs = MAPPER.readTree(output.substring(start)).path("jobs");
        if (jobs.size() != 1) {
            throw new IllegalArgumentException("fio reports %d jobs".formatted(jobs.size()));
        }
        JsonNode job = jobs.get(0);
        if (job.path("error").asInt(0) != 0) {
            throw new IllegalArgumentException("fio ended with error " + job.path("error"));
        }
        JsonNode read = job.path("read");
        JsonNode write = job.path("write");
        double millis =
                Math.max(read.path("runtime").asDouble(0), write.path("runtime").asDouble(0));
        JsonNode flush = job.path("sync");
        FioResult result = new FioResult(
                direction(read),
                direction(write),
                millis / 1000,
                flush.path("total_ios").asLong(0),
                flush.path("lat_ns").path("mean").asDouble(0) / 1e9);
        if (result.requests() == 0 || millis == 0) {
            throw new IllegalArgumentException("fio did nothing: " + output.strip());
        }
        return result;
    }

    private static FioResult.Direction direction(JsonNode node) {
        long requests = node.path("total_ios").asLong(0);
        if (requests == 0) {
            return FioResult.Direction.NONE;
        }
        JsonNode latency = node.path("clat_ns");
        JsonNode percentiles = latency.path("percentile");
        return new FioResult.Direction(
                requests,
                node.path("io_bytes").asLong(0),
                percentiles.path("50.000000").asDouble(0) / NANOS_PER_MICRO,
                percentiles.path("99.000000").asDouble(0) / NANOS_PER_MICRO,
                percentiles.path("99.990000").asDouble(0) / NANOS_PER_MICRO,
                latency.path("max").asDouble(0) / NANOS_PER_MICRO);
    }
}
