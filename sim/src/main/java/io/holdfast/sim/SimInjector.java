package io.holdfast.sim;

import io.holdfast.inject.Guard;
import io.holdfast.inject.Injector;
import io.holdfast.inject.Point;
import org.jspecify.annotations.Nullable;

/** Passes the engine's injection points to the simulation that runs in this process; only one runs at a time. */
public final class SimInjector implements Injector {
    private static volatile @Nullable Injector active;

    /** Made by the service loader. */
    public SimInjector() {}

    static void activate(@Nullable Injector injector) {
        active = injector;
    }

    @Override
    public void at(Point point) {
        Injector now = active;
        if (now != null) {
            now.at(point);
        }
    }

    @Override
    public boolean fails(Point point) {
        Injector now = active;
        return now != null && now.fails(point);
    }

    @Override
    public boolean off(Guard guard) {
        Injector now = active;
        return now != null && now.off(guard);
    }
}
