package io.holdfast.nbd;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.ReadFlag;
import io.holdfast.volume.ReadQueue;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumeFiles;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** A volume whose files call {@link Hook#before} before each operation, which may block or throw. */
final class WatchedVolume {
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    /** Whether clients do not count as users of their files, so that a file may be cut at any moment. */
    volatile boolean nobodys;

    volatile Hook hook = (operation, offset, length, flags) -> {};

    /** Called before an operation. */
    interface Hook {
        void before(String operation, long offset, long length, Set<?> flags) throws HoldfastException;
    }

    /** Returns a view of the volume that reports to this. */
    Volume watch(Volume volume) {
        return watch(Volume.class, volume);
    }

    private <T extends VolumeFiles> T watch(Class<T> type, T files) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    try {
                        if (nobodys && method.getName().equals("as")) {
                            return proxy;
                        }
                        Object result = method.invoke(files, arguments);
                        return switch (result) {
                            case StoredFile file -> watch(file);
                            case VolumeFiles others -> watch(VolumeFiles.class, others);
                            case null, default -> result;
                        };
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    private StoredFile watch(StoredFile file) {
        opened.incrementAndGet();
        return (StoredFile) Proxy.newProxyInstance(
                StoredFile.class.getClassLoader(), new Class<?>[] {StoredFile.class}, (proxy, method, arguments) -> {
                    Object[] given = arguments == null ? new Object[0] : arguments;
                    long offset = given.length > 1 && given[0] instanceof Long at ? at : 0;
                    long length = given.length < 2
                            ? 0
                            : given[1] instanceof MemorySegment segment
                                    ? segment.byteSize()
                                    : given[1] instanceof Long bytes ? bytes : 0;
                    Set<?> flags = given.length > 2 && given[2] instanceof Set<?> set ? set : Set.of();
                    if (method.getName().equals("close")) {
                        closed.incrementAndGet();
                    } else if (!Set.of("inode", "clientWaited").contains(method.getName())) {
                        hook.before(method.getName(), offset, length, flags);
                    }
                    try {
                        Object result = method.invoke(file, given);
                        return result instanceof ReadQueue queue ? watch(queue) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Reports reads of the queue as reads that must not wait; if the hook throws, the queue refuses the read. */
    private ReadQueue watch(ReadQueue queue) {
        return new ReadQueue() {
            @Override
            public Answer read(long offset, MemorySegment target, Ended ended) {
                try {
                    hook.before("read", offset, target.byteSize(), Set.of(ReadFlag.NOWAIT));
                } catch (HoldfastException e) {
                    return Answer.REFUSED;
                }
                return queue.read(offset, target, ended);
            }

            @Override
            public void prepare(long offset, long length) throws HoldfastException {
                queue.prepare(offset, length);
            }

            @Override
            public void close() {
                queue.close();
            }
        };
    }
}
