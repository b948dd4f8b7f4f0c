package io.holdfast.sim.campaign;

import io.holdfast.inject.Guard;
import io.holdfast.sim.Scenario;
import io.holdfast.sim.disk.FaultKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A scenario as options of the command line: a seed, and the parameters that are reduced. */
final class Replay {
    private static final String NO_FAULTS = "none";

    @Option(names = "--seed", paramLabel = "N", description = "run this seed, once")
    private @Nullable Long seed;

    @Option(names = "--clients", paramLabel = "N", description = "with this many clients")
    private @Nullable Integer clients;

    @Option(names = "--operations", paramLabel = "N", description = "with this many calls by all clients together")
    private @Nullable Integer operations;

    @Option(names = "--file-blocks", paramLabel = "N", description = "with files of at most this many blocks")
    private @Nullable Integer fileBlocks;

    @Option(
            names = "--crash-every",
            paramLabel = "N",
            description = "with a power cut in about this many calls, 0 for none")
    private @Nullable Integer crashEvery;

    @Option(names = "--fixed-size", description = "with a volume that does not grow")
    private boolean fixedSize;

    @Option(names = "--faults", paramLabel = "KINDS", description = "with these faults, 'none' for none")
    private @Nullable String faults;

    @Option(names = "--without", paramLabel = "GUARD", description = "without these guards", split = ",")
    private Set<Guard> without = Set.of();

    /** Returns whether a seed was given. */
    boolean isGiven() {
        return seed != null;
    }

    /** Returns the requested scenario. */
    Scenario scenario() {
        if (seed == null) {
            throw new IllegalStateException("no seed");
        }
        return apply(Scenario.of(seed));
    }

    /** Returns a scenario of any seed with the requested changes. */
    Scenario apply(Scenario of) {
        return of.without(without).with(draft -> {
            draft.clients = clients == null ? draft.clients : clients;
            draft.operations = operations == null ? draft.operations : operations;
            draft.fileBlocks = fileBlocks == null ? draft.fileBlocks : fileBlocks;
            draft.crashEvery = crashEvery == null ? draft.crashEvery : crashEvery;
            draft.volumeGrows &= !fixedSize;
            draft.faults = faults == null ? draft.faults : parseFaults(faults);
        });
    }

    private static List<FaultKind> parseFaults(String names) {
        if (names.equals(NO_FAULTS)) {
            return List.of();
        }
        List<FaultKind> kinds = new ArrayList<>();
        for (String name : names.split(",", -1)) {
            kinds.add(FaultKind.valueOf(name));
        }
        return kinds;
    }

    /** Returns the options that give this scenario. */
    static String optionsOf(Scenario scenario) {
        Scenario whole = Scenario.of(scenario.seed());
        StringBuilder options = new StringBuilder("--seed " + scenario.seed());
        add(options, "--clients", scenario.clients(), whole.clients());
        add(options, "--operations", scenario.operations(), whole.operations());
        add(options, "--file-blocks", scenario.fileBlocks(), whole.fileBlocks());
        add(options, "--crash-every", scenario.crashEvery(), whole.crashEvery());
        if (scenario.volumeGrows() != whole.volumeGrows()) {
            options.append(" --fixed-size");
        }
        if (!scenario.faults().equals(whole.faults())) {
            options.append(" --faults ").append(scenario.faults().isEmpty() ? NO_FAULTS : names(scenario.faults()));
        }
        if (!scenario.off().isEmpty()) {
            options.append(" --without ").append(names(scenario.off()));
        }
        return options.toString();
    }

    private static String names(Collection<?> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(","));
    }

    private static void add(StringBuilder options, String name, int value, int usual) {
        if (value != usual) {
            options.append(' ').append(name).append(' ').append(value);
        }
    }
}
