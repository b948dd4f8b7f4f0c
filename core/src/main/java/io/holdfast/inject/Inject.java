package io.holdfast.inject;

import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The engine's side of the simulator: named points where another thread may come between, an allocation may fail, or a
 * guard may be taken away.
 *
 * <p>Invariant: without a provider of {@link Injector} on the class path every method returns a constant, and the
 * compiler folds it away; no property, option or file can throw a switch.
 */
public final class Inject {
    private static final @Nullable Injector INJECTOR = ServiceLoader.load(Injector.class, Inject.class.getClassLoader())
            .findFirst()
            .orElse(null);

    private Inject() {}

    /** Another thread may come between here. Locks may be held. */
    public static void at(Point point) {
        if (INJECTOR != null) {
            INJECTOR.at(point);
        }
    }

    /** Returns whether the code is to act as if the next allocation had failed. */
    public static boolean fails(Point point) {
        return INJECTOR != null && INJECTOR.fails(point);
    }

    /** Returns whether a guard is taken away. */
    public static boolean off(Guard guard) {
        return INJECTOR != null && INJECTOR.off(guard);
    }
}
