package io.holdfast.cli.serve;

import java.lang.System.Logger.Level;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;

/**
 * Signals that must not end a server, and with it every disk. Log rotation sends SIGHUP to daemons, and so does a
 * terminal that closes. The others are sent by mistake, and would end the process by default. SIGTERM and SIGINT end
 * the server in order ({@link io.holdfast.cli.Cancellation}). The virtual machine uses SIGUSR2 and SIGQUIT itself, and
 * survives them.
 *
 * <p>This uses reflection, because nothing turns off the compiler's warning about {@code sun.misc.Signal}.
 */
final class ServerSignals {
    private static final System.Logger LOG = System.getLogger("io.holdfast.serve");
    /** The kernel drops these. */
    private static final List<String> IGNORED =
            List.of("USR1", "ALRM", "VTALRM", "PROF", "POLL", "PWR", "STKFLT", "XCPU");

    private ServerSignals() {}

    /** Makes these signals harmless from now on. Where that is not possible, the log says so. */
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
                LOG.log(Level.INFO, "SIGHUP: nothing to do; the log is standard error, and SIGTERM ends this server");
            }
            return null;
        });
    }
}
