package io.holdfast.cli.demo;

import io.holdfast.cli.CliContext;
import io.holdfast.cli.HoldfastCli;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands as a user would type them, in this process, and returns what they report. */
final class InProcess {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final CliContext context;

    InProcess(CliContext context) {
        this.context = context;
    }

    /** Runs {@code holdfast ARGS --json}; if it does not succeed, the demonstration fails. */
    JsonNode run(String... args) throws DemoFailure {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> line = new ArrayList<>(List.of(args));
        line.add("--json");
        int status = new HoldfastCli(new CliContext(
                        context.engine(),
                        InputStream.nullInputStream(),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        () -> false,
                        context.cancel()))
                .run(line.toArray(String[]::new));
        if (status != 0) {
            throw new DemoFailure("holdfast " + String.join(" ", args) + " ended with status " + status + ": "
                    + err.toString(StandardCharsets.UTF_8).strip() + out.toString(StandardCharsets.UTF_8));
        }
        return MAPPER.readTree(out.toByteArray());
    }
}
