package io.holdfast.cli;

/** The entry point with another engine. */
public final class TestMain {
    private TestMain() {}

    public static void main(Engine engine, String... args) {
        System.exit(Main.run(engine, args));
    }
}
