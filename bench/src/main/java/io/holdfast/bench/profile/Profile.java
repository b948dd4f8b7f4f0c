package io.holdfast.bench.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Turns a recording into a flame graph and a page of text. */
public final class Profile {
    private static final int FRAMES = 25;

    private Profile() {}

    /** Writes the graph and returns the text. */
    public static String write(String title, Recordings.Made made, Path page) throws IOException {
        Recording recording = Recording.read(made.file());
        String text = made.remarks() + text(recording);
        Files.writeString(page, FlameGraph.page(title, text, recording.running(), recording.allocating()));
        return text;
    }

    private static String text(Recording recording) {
        StringBuilder out = new StringBuilder();
        out.append("%.1f s, %d samples%n"
                .formatted(recording.seconds(), recording.running().samples()));
        out.append("garbage collection: ").append(pauses(recording)).append('\n');
        out.append("allocation: %.1f MiB/s%n".formatted(recording.allocatedMebibytesPerSecond()));
        TopFrames frames = new TopFrames(recording.running());
        List<TopFrames.Part> top = frames.byOwn(FRAMES);
        out.append(table("time in the frame itself", top));
        Set<String> shown = top.stream().map(TopFrames.Part::frame).collect(Collectors.toSet());
        out.append(table("time in the frame and what it calls", frames.byAnywhere(FRAMES, shown)));
        out.append(table("allocation in the frame itself", new TopFrames(recording.allocating()).byOwn(FRAMES / 2)));
        return out.toString();
    }

    private static String pauses(Recording recording) {
        List<Double> pauses = recording.pausesMillis().stream().sorted().toList();
        if (pauses.isEmpty()) {
            return "no pauses";
        }
        double total = pauses.stream().mapToDouble(p -> p).sum();
        return "%d pauses, %.1f ms together (%.2f %% of the time), median %.2f ms, longest %.2f ms"
                .formatted(
                        pauses.size(),
                        total,
                        total / 10 / recording.seconds(),
                        pauses.get(pauses.size() / 2),
                        pauses.getLast());
    }

    private static String table(String title, List<TopFrames.Part> parts) {
        StringBuilder out = new StringBuilder("%n%s%n  own %%   all %%%n".formatted(title));
        for (TopFrames.Part part : parts) {
            out.append("  %5.1f   %5.1f   %s%n".formatted(part.ownPercent(), part.anywherePercent(), part.frame()));
        }
        return out.toString();
    }
}
