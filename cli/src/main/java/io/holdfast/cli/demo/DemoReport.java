package io.holdfast.cli.demo;

import io.holdfast.cli.host.StandardOutput;
import io.holdfast.cli.text.Durations;
import io.holdfast.cli.text.Json;
import java.io.IOException;
import java.io.PrintStream;

/** Reports the demonstration: a line for each step and each proof. */
final class DemoReport {
    private final PrintStream out;
    private final boolean json;
    private final long start = System.nanoTime();
    private int proofs;

    DemoReport(PrintStream out, boolean json) {
        this.out = out;
        this.json = json;
    }

    /** Begins a part. */
    void part(String title) throws IOException {
        line("part", title, "\n" + title);
    }

    /** Says what was done. */
    void step(String text) throws IOException {
        line("step", text, "    " + text);
    }

    /** Reports a proof; ends the demonstration if it does not hold. */
    void prove(boolean holds, String text) throws IOException {
        if (!holds) {
            throw new DemoFailure(text);
        }
        proofs++;
        line("proved", text, " ok " + text);
    }

    void failed(String text) throws IOException {
        line("failed", text, "FAILED " + text);
    }

    void passed() throws IOException {
        String text = "All " + proofs + " proofs hold; it took " + Durations.show(System.nanoTime() - start) + ".";
        line("passed", text, "\n" + text);
    }

    /** Ends the demonstration if nobody reads what it shows. */
    private void line(String event, String value, String text) throws IOException {
        out.println(json ? Json.line(Json.object("event", event, "text", value)) : text);
        out.flush();
        StandardOutput.requireWritten(out);
    }
}
