package io.holdfast.cli.real;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.Main;
import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Runs the commands in the {@code console} blocks of a page as they stand there, and compares what they print: numbers,
 * and lines that are {@code …}, may differ. A comment that readers do not see says what happens meanwhile, or, as
 * {@code status N}, how the last command of the next block ends.
 */
final class PageCommands {
    private static final String COMMENT = "<!-- ";
    private static final String ANY = "…";
    private static final Pattern NUMBER = Pattern.compile("[0-9]+(\\.[0-9]+)?( (ms|s|KiB|MiB|GiB)\\b)?");

    /** Does what a comment says. */
    interface Comment {
        void happens(String[] words) throws IOException;
    }

    private final Path folder;
    private final UnaryOperator<String> place;
    private List<String> lines = List.of();
    private int at;
    private int status;
    private int commands;

    /** Commands run in the folder, where {@code holdfast} is put into {@code bin}. */
    PageCommands(Path folder) throws IOException {
        this(folder, UnaryOperator.identity());
    }

    /**
     * Makes one that puts other places into commands.
     *
     * @param place gives what to run for a command of the page
     */
    PageCommands(Path folder, UnaryOperator<String> place) throws IOException {
        this.folder = folder;
        this.place = place;
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path command = Files.writeString(
                bin.resolve("holdfast"),
                "#!/bin/sh\nexec '" + System.getProperty("java.home") + "/bin/java' -XX:+UseSerialGC"
                        + " -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED -cp '"
                        + System.getProperty("java.class.path") + "' " + Main.class.getName() + " \"$@\"\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Runs what is on a page. */
    void read(Path page, Comment comment) throws IOException {
        lines = Files.readAllLines(page);
        for (at = 0; at < lines.size(); at++) {
            String line = lines.get(at);
            if (line.startsWith(COMMENT)) {
                String[] words =
                        line.substring(COMMENT.length(), line.indexOf(" -->")).split(" ");
                if (words[0].equals("status")) {
                    status = Integer.parseInt(words[1]);
                } else {
                    comment.happens(words);
                }
            } else if (line.equals("```console")) {
                runAll(block());
            }
        }
    }

    /** Returns how many commands were run. */
    int commands() {
        return commands;
    }

    /** Returns the lines of the next block, whatever its kind, and skips it. */
    List<String> block() {
        while (!lines.get(at).startsWith("```")) {
            at++;
        }
        int begin = at + 1;
        at = begin + lines.subList(begin, lines.size()).indexOf("```");
        return lines.subList(begin, at);
    }

    /** Returns what starts a command of the page. */
    ProcessBuilder builder(String command) {
        return Program.builder(folder, "bash", "-c", inFolder(place.apply(command)));
    }

    private static String inFolder(String command) {
        return "PATH=\"$PWD/bin:$PATH\"\n" + command;
    }

    /** Runs the commands of a block, each with the lines below it as what it prints. */
    private void runAll(List<String> block) throws IOException {
        int next = 0;
        while (next < block.size()) {
            String command = block.get(next).substring("$ ".length());
            List<String> printed = new ArrayList<>();
            next++;
            while (next < block.size() && !block.get(next).startsWith("$ ")) {
                printed.add(block.get(next++));
            }
            int expected = status;
            status = 0;
            commands++;
            compare(command, run(command, expected), printed);
        }
    }

    private static void compare(String command, String found, List<String> printed) {
        StringBuilder pattern = new StringBuilder();
        for (String line : printed) {
            if (line.equals(ANY)) {
                pattern.append("(.*\n)*");
            } else {
                String quoted = Pattern.quote(normal(line)).replace(ANY, "\\E.*\\Q");
                pattern.append(quoted).append("\n");
            }
        }
        assertThat(normal(found)).as("what " + command + " prints:\n" + found).matches(pattern.toString());
    }

    private static String normal(String text) {
        return NUMBER.matcher(text).replaceAll("0");
    }

    /** Runs a command, which ends with status 0; returns what it prints, on whichever of the two. */
    String run(String command) throws IOException {
        return run(command, 0);
    }

    private String run(String command, int expected) throws IOException {
        Program.Result result = Program.end(folder, "bash", "-c", inFolder(place.apply(command)));
        assertThat(result.status()).as(result::toString).isEqualTo(expected);
        return result.output();
    }
}
