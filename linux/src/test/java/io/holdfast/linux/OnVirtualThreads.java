package io.holdfast.linux;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Runs tests on virtual threads: their I/O goes through the ring, and that of platform threads does not. */
final class OnVirtualThreads implements InvocationInterceptor {
    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onVirtualThread(invocation);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onVirtualThread(invocation);
    }

    private static void onVirtualThread(Invocation<Void> invocation) throws Throwable {
        Throwable[] thrown = new Throwable[1];
        Thread.startVirtualThread(() -> {
                    try {
                        invocation.proceed();
                    } catch (Throwable e) {
                        thrown[0] = e;
                    }
                })
                .join();
        if (thrown[0] != null) {
            throw thrown[0];
        }
    }
}
