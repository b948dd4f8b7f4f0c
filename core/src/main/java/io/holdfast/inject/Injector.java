package io.holdfast.inject;

/**
 * Decides at injection points. The only implementation is the simulator's, a service of the module {@code sim}, which
 * users' programs do not have on their class path.
 */
public interface Injector {
    /** May yield or delay the thread: another one may come between here. */
    void at(Point point);

    /** Returns whether the allocation at this point is to fail. */
    boolean fails(Point point);

    /** Returns whether a guard has been taken away. */
    boolean off(Guard guard);
}
