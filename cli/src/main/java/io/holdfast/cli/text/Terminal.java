package io.holdfast.cli.text;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Asks the C library what a file descriptor is. */
public final class Terminal {
    private Terminal() {}

    /** Returns whether standard input is a terminal; false where this cannot be told. */
    public static boolean onStandardInput() {
        return isTerminal(0);
    }

    /** Returns whether standard output is a terminal; false where this cannot be told. */
    public static boolean onStandardOutput() {
        return isTerminal(1);
    }

    /** Returns whether standard error is a terminal; false where this cannot be told. */
    public static boolean onStandardError() {
        return isTerminal(2);
    }

    @SuppressWarnings("restricted")
    private static boolean isTerminal(int descriptor) {
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle isatty = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("isatty"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            return (int) isatty.invokeExact(descriptor) == 1;
        } catch (Throwable noNativeAccess) {
            return false;
        }
    }
}
