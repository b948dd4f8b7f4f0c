package io.holdfast.fuzz;

/** What Jazzer calls, by the names it looks for. The system property {@code holdfast.fuzz.class} names the target. */
public final class JazzerEntry {
    private static final FuzzTarget TARGET = Targets.make(System.getProperty("holdfast.fuzz.class", ""));

    private JazzerEntry() {}

    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        BoundedInput.run(TARGET, input);
    }
}
