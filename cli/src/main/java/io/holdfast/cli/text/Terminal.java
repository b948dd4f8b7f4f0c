package io.holdfast.cli.text;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Asks the C library what a file descriptor is. */
public final class Terminal {
    private Terminal() {}

    /** Returns whether standard error is a terminal; false where this cannot be told. */
    @SuppressWarnings("restricted")
    public static boolean onStandardError() {
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle isatty = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("isatty"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            return (int) isatty.invokeExact(2) == 1;
        } catch (Throwable noNativeAccess) {
            return false;
        }
    }
}
