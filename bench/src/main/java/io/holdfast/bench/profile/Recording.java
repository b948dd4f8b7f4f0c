package io.holdfast.bench.profile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordingFile;

/** Time, pauses and allocation from a flight recording. */
final class Recording {
    private static final double MEBIBYTE = 1 << 20;

    private final StackTree running = new StackTree("running");
    private final StackTree allocating = new StackTree("allocating");
    private final List<Double> pausesMillis = new ArrayList<>();
    private double allocatedBytes;
    private double firstSeconds = Double.MAX_VALUE;
    private double lastSeconds;

    static Recording read(Path file) throws IOException {
        Recording recording = new Recording();
        try (RecordingFile events = new RecordingFile(file)) {
            while (events.hasMoreEvents()) {
                recording.take(events.readEvent());
            }
        }
        return recording;
    }

    private void take(RecordedEvent event) {
        double at = event.getStartTime().toEpochMilli() / 1000.0;
        firstSeconds = Math.min(firstSeconds, at);
        lastSeconds = Math.max(lastSeconds, at);
        switch (event.getEventType().getName()) {
            // CPU time samples include native code and system calls. Where the kernel refuses them, the other two kinds
            // are used.
            case "jdk.CPUTimeSample", "jdk.ExecutionSample", "jdk.NativeMethodSample" -> add(running, event, 1);
            case "jdk.ObjectAllocationSample" -> {
                long weight = event.getLong("weight");
                allocatedBytes += weight;
                add(allocating, event, weight);
            }
            case "jdk.GCPhasePause" -> pausesMillis.add(event.getDuration().toNanos() / 1e6);
            default -> {}
        }
    }

    private static void add(StackTree tree, RecordedEvent event, long weight) {
        RecordedStackTrace trace = event.getStackTrace();
        if (trace == null) {
            tree.add(List.of("(no stack)"), weight);
            return;
        }
        List<String> stack = new ArrayList<>();
        for (RecordedFrame frame : trace.getFrames()) {
            String name = name(frame);
            // Leave out the generated classes of lambdas; their names say nothing.
            if (!name.startsWith("0x")) {
                stack.add(name);
            }
        }
        Collections.reverse(stack);
        tree.add(stack, weight);
    }

    private static String name(RecordedFrame frame) {
        String type = frame.getMethod().getType().getName();
        return type.substring(type.lastIndexOf('.') + 1) + "."
                + frame.getMethod().getName();
    }

    StackTree running() {
        return running;
    }

    StackTree allocating() {
        return allocating;
    }

    List<Double> pausesMillis() {
        return pausesMillis;
    }

    double seconds() {
        return Math.max(1e-3, lastSeconds - firstSeconds);
    }

    double allocatedMebibytesPerSecond() {
        return allocatedBytes / MEBIBYTE / seconds();
    }
}
