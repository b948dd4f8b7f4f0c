package io.holdfast.cli.space;

import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.HostSpace;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeUsage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where the space of a volume is at one moment, and what to warn of.
 *
 * @param host empty for a volume that lies on no file, and if the host does not tell
 */
public record SpaceReport(VolumeUsage usage, Optional<HostSpace> host, List<SpaceWarning> warnings) {
    /** Looks at a volume. An error of the host becomes a warning: all else can still be told. */
    public static SpaceReport of(Path device, Volume volume) {
        VolumeUsage usage = volume.usage();
        List<SpaceWarning> warnings = new ArrayList<>();
        Optional<HostSpace> host = Optional.empty();
        try {
            host = volume.host();
        } catch (HoldfastException e) {
            warnings.add(new SpaceWarning(SpaceWarning.Kind.HOST_UNKNOWN, String.valueOf(e.getMessage())));
        }
        if (Fullness.of(usage).level() > 0) {
            warnings.add(volumeIsFull(device, usage));
        }
        host.filter(h -> Fullness.of(h).level() > 0).ifPresent(h -> warnings.add(hostIsFull(device, h)));
        host.filter(h -> h.promised() > h.free()).ifPresent(h -> warnings.add(hostHasLess(device, h)));
        host.filter(h -> h.preallocated() && h.promised() > 0).ifPresent(h -> warnings.add(lacksSpace(device, h)));
        return new SpaceReport(usage, host, List.copyOf(warnings));
    }

    private static SpaceWarning volumeIsFull(Path device, VolumeUsage usage) {
        return new SpaceWarning(
                SpaceWarning.Kind.VOLUME_FULL,
                "%s is %d %% full: %s of %s are free; remove files, or make it larger ('holdfast grow')"
                        .formatted(
                                device,
                                Fullness.of(usage).percent(),
                                Sizes.show(usage.free()),
                                Sizes.show(usage.total())));
    }

    private static SpaceWarning hostIsFull(Path device, HostSpace host) {
        return new SpaceWarning(
                SpaceWarning.Kind.HOST_FULL,
                "the file system of the host below %s is %d %% full: %s of %s are free; %s"
                        .formatted(
                                device,
                                Fullness.of(host).percent(),
                                Sizes.show(host.free()),
                                Sizes.show(host.total()),
                                host.promised() == 0
                                        ? "the volume has all of its space already"
                                        : "when it is full, the volume refuses writes until there is room"));
    }

    private static SpaceWarning hostHasLess(Path device, HostSpace host) {
        return new SpaceWarning(
                SpaceWarning.Kind.HOST_PROMISED,
                "the file system of the host below %s has %s free, less than the %s that the volume promises and its file has not taken yet; the host may be full before the volume is"
                        .formatted(device, Sizes.show(host.free()), Sizes.show(host.promised())));
    }

    private static SpaceWarning lacksSpace(Path device, HostSpace host) {
        return new SpaceWarning(
                SpaceWarning.Kind.PREALLOCATION_LOST,
                "%s was formatted with --preallocate, and its file lacks %s of its space, as a sparse copy does; take it again with 'fallocate -n -l SIZE FILE'"
                        .formatted(device, Sizes.show(host.promised())));
    }

    public boolean has(SpaceWarning.Kind kind) {
        return warnings.stream().anyMatch(w -> w.kind() == kind);
    }

    /** Returns the warnings as {@code --json} has them. */
    public List<Map<String, Object>> jsonWarnings() {
        return warnings.stream()
                .map(w -> Json.object("kind", w.kind().name().toLowerCase(Locale.ROOT), "message", w.message()))
                .toList();
    }

    /** Returns the warnings for people, one a line. */
    public List<String> lines() {
        return warnings.stream()
                .map(w -> "WARNING: " + Names.printable(w.message()))
                .toList();
    }
}
