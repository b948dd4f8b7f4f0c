package io.holdfast.inject;

/**
 * What decides at injection points. The only implementation is the simulator's; it comes as a service of the module
 * {@code sim}, which no program that users run has on its class path.
 */
public interface Injector {
    /** A thread is at a point where another one may come between: may yield or delay it. */
    void at(Point point);

    /** Returns whether the allocation at this point is to fail. */
    boolean fails(Point point);

    /** Returns whether a guard has been taken away to see what it was good for. */
    boolean off(Guard guard);
}
