package io.holdfast.cli.serve;

import java.lang.System.Logger.Level;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;

/**
 * The signals that must not end a server, and with it every disk. SIGHUP is what log rotation sends to daemons, and what a
 * terminal sends when it closes; the others are sent by mistake, and would end the process by default. SIGTERM and SIGINT
 * end it in order ({@link io.holdfast.cli.Cancellation}). The virtual machine uses SIGUSR2 and SIGQUIT itself, and
 * survives them.
 *
 * <p>By reflection, since the compiler warns of {@code sun.misc.Signal} in a way that nothing turns off.
 */
final class ServerSignals {
    private static final System.Logger LOG = System.getLogger("io.holdfast.serve");
    /** The kernel throws these away. */
    private static final List<String> IGNORED =
            List.of("USR1", "ALRM", "VTALRM", "PROF", "POLL", "PWR", "STKFLT", "XCPU");

    private ServerSignals() {}

    /** From now on these signals do no harm. Where that is not possible, the log says so. */
    static void ignore() {
        try {
            Class<?> type = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Constructor<?> signal = type.getConstructor(String.class);
            Method handle = type.getMethod("handle", type, handlerType);
            Object ignore = handlerType.getField("SIG_IGN").get(null);
            for (String name : IGNORED) {
                set(handle, signal, name, ignore);
            }
            set(handle, signal, "HUP", hangUpHandler(handlerType));
        } catch (ReflectiveOperationException e) {
            LOG.log(Level.WARNING, "SIGHUP and SIGUSR1 will end this server: {0}", e);
        }
    }

    private static void set(Method handle, Constructor<?> signal, String name, Object handler)
            throws ReflectiveOperationException {
        try {
            handle.invoke(null, signal.newInstance(name), handler);
        } catch (InvocationTargetException e) {
            // No such signal here, or it is ignored from the start (nohup), or -Xrs leaves it to the system.
            LOG.log(Level.DEBUG, "SIG{0} stays as it is: {1}", name, e.getCause());
        }
    }

    private static Object hangUpHandler(Class<?> handlerType) {
        return Proxy.newProxyInstance(ServerSignals.class.getClassLoader(), new Class<?>[] {handlerType}, (p, m, a) -> {
            if (m.getName().equals("handle")) {
                LOG.log(
                        Level.INFO,
                        "SIGHUP: nothing to do; the log is standard error, and SIGTERM is what ends this server");
            }
            return null;
        });
    }
}
