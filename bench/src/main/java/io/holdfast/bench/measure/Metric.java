package io.holdfast.bench.measure;

/** A measured quantity, with its unit. */
public enum Metric {
    IOPS("requests/s", "", 0),
    MIB_PER_SECOND("throughput", "MiB/s", 0),
    P99_MICROS("p99 latency", "µs", 0),
    P9999_MILLIS("p99.99 latency", "ms", 1),
    MAX_MILLIS("longest latency", "ms", 1),
    FLUSH_MILLIS("a flush", "ms", 2),
    CPU_SECONDS_PER_GIB("CPU of the server", "s/GiB", 2),
    PEAK_MIB("most memory resident", "MiB", 0),
    PEAK_OVER_LIMIT_MIB("memory beyond --memory", "MiB", 0),
    SECONDS("time", "s", 2),
    PAUSE_MILLIS("longest pause of the JVM", "ms", 2),
    DEVICE_BYTES_PER_BYTE("bytes to the device per byte", "", 3),
    METADATA_BYTES_PER_BYTE("metadata written per byte", "", 3),
    METADATA_PERCENT("metadata per byte of data", "%", 3),
    FLUSHES_PER_FLUSH("flushes of the disk per flush asked for", "", 2),
    RECORDS_RECOVERED("log records recovered", "", 0);

    private final String label;
    private final String unit;
    private final int decimals;

    Metric(String label, String unit, int decimals) {
        this.label = label;
        this.unit = unit;
        this.decimals = decimals;
    }

    public String label() {
        return label;
    }

    /** Returns a value as a person wants to read it, with its unit. */
    public String show(double value) {
        String number = number(value);
        return unit.isEmpty() ? number : number + " " + unit;
    }

    /** Returns a value without its unit. */
    public String number(double value) {
        return String.format(java.util.Locale.ROOT, "%,." + decimals + "f", value);
    }
}
