package io.holdfast.cli.manual;

import io.holdfast.cli.Cancellation;
import io.holdfast.cli.CliContext;
import io.holdfast.cli.Engine;
import io.holdfast.cli.ProductVersion;
import io.holdfast.cli.command.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine;

/** Writes what a package has besides the program, into a folder; {@code ./dev package} runs it. */
public final class Manuals {
    /** Commands without a page: one is for the program itself, the other is a word for {@code --help}. */
    static final Set<String> HIDDEN = Set.of("scribble", "help");

    private Manuals() {}

    /** Writes all into the folder that the only argument names. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        for (Map.Entry<String, String> file : files().entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(Objects.requireNonNull(path.getParent(), "a file has a folder"));
            Files.writeString(path, file.getValue());
        }
    }

    /** Returns the files by their paths. */
    static Map<String, String> files() {
        CommandLine root = tree();
        Map<String, String> files = new LinkedHashMap<>();
        new ManualPages(root, ProductVersion.get())
                .all()
                .forEach((name, page) -> files.put("man/man" + name.charAt(name.length() - 1) + "/" + name, page));
        Completions completions = new Completions(root);
        files.put("completions/bash/holdfast", completions.bash());
        files.put("completions/zsh/_holdfast", completions.zsh());
        files.put("examples/vms.toml", ExampleConfig.file(ManualPages.named(root, "serve")));
        return files;
    }

    static CommandLine tree() {
        return Commands.tree(new CliContext(
                Engine.HOLDFAST,
                InputStream.nullInputStream(),
                System.out,
                System.err,
                () -> false,
                Cancellation.none()));
    }
}
