package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.event.FallbackEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/**
 * Chooses the engine that reads and writes the device of a volume.
 *
 * <p>A user may name an engine; then the device is opened by that one or not at all. With {@value #AUTOMATIC} it is
 * opened by an engine of the class path, which is for this platform. If there is none, or the system refuses it, {@link
 * IoEngine#PLAIN} opens it.
 */
public final class IoEngines {
    static final String AUTOMATIC = "auto";
    private static final System.Logger LOG = System.getLogger(IoEngines.class.getName());

    private final List<IoEngine> engines;

    /** Takes the engines to choose from, the preferred one first. */
    IoEngines(List<IoEngine> engines) {
        this.engines = List.copyOf(engines);
    }

    /** Returns the engines of the class path, then the plain one. */
    private static IoEngines present() {
        List<IoEngine> engines = new ArrayList<>();
        ServiceLoader.load(IoEngine.class, IoEngine.class.getClassLoader()).forEach(engines::add);
        engines.add(IoEngine.PLAIN);
        return new IoEngines(engines);
    }

    /**
     * Opens a device as {@link FileDevice#open(Path, boolean, boolean)} does.
     *
     * @param choice the name of an engine, or {@value #AUTOMATIC}
     * @throws HoldfastException {@code INVALID} if there is no such engine; {@code UNSUPPORTED} if the system refuses
     *     the one that was named; otherwise as {@link FileDevice#open(Path, boolean, boolean)}
     */
    public static FileDevice open(Path path, boolean writable, boolean direct, String choice) throws HoldfastException {
        // Does not search the class path: short commands would wait for that.
        return choice.equals(IoEngine.PLAIN.name())
                ? FileDevice.open(path, writable, direct)
                : present().openBy(choice, path, writable, direct);
    }

    FileDevice openBy(String choice, Path path, boolean writable, boolean direct) throws HoldfastException {
        if (!choice.equals(AUTOMATIC)) {
            return FileDevice.open(path, writable, direct, named(choice));
        }
        for (IoEngine engine : engines) {
            try {
                return FileDevice.open(path, writable, direct, engine);
            } catch (EngineRefusedException e) {
                FallbackEvent.emit("file I/O by " + engine.name(), String.valueOf(e.getMessage()));
                LOG.log(
                        System.Logger.Level.INFO,
                        "{0}: the system refuses file I/O by {1}, which would take less CPU time: {2}",
                        path,
                        engine.name(),
                        String.valueOf(e.getMessage()));
            }
        }
        throw new HoldfastException(ErrorCode.UNSUPPORTED, path + ": there is no way to do file I/O here");
    }

    private IoEngine named(String name) throws HoldfastException {
        for (IoEngine engine : engines) {
            if (engine.name().equals(name)) {
                return engine;
            }
        }
        throw new HoldfastException(
                ErrorCode.INVALID,
                "there is no file I/O named '%s'; there are: %s, %s"
                        .formatted(
                                name,
                                AUTOMATIC,
                                engines.stream().map(IoEngine::name).collect(Collectors.joining(", "))));
    }
}
