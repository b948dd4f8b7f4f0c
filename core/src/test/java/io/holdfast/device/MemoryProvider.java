package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Devices in the memory of this process, {@code memory:NAME}: another kind, found as a service. */
public final class MemoryProvider implements DeviceProvider {
    private static final ConcurrentMap<String, Disk> DISKS = new ConcurrentHashMap<>();

    /** Contents that stay when a device is closed, and who has it. */
    private static final class Disk {
        MemoryDevice contents = new MemoryDevice("memory", 0);
        final ReentrantReadWriteLock users = new ReentrantReadWriteLock();
    }

    /** Throws away what is at a name. */
    public static void forget(String name) {
        DISKS.remove(name);
    }

    public static boolean exists(String name) {
        return DISKS.containsKey(name);
    }

    @Override
    public Set<String> schemes() {
        return Set.of("memory");
    }

    @Override
    public DeviceSource at(URI uri) throws HoldfastException {
        if (!uri.isOpaque()) {
            throw new HoldfastException(ErrorCode.INVALID, uri + " is not of the form memory:NAME");
        }
        return new Source(uri.getSchemeSpecificPart());
    }

    private record Source(String name) implements DeviceSource {
        @Override
        public boolean create() {
            return DISKS.putIfAbsent(name, new Disk()) == null;
        }

        @Override
        public void remove() {
            forget(name);
        }

        @Override
        public DeviceClaim claim(boolean writable) throws HoldfastException {
            Disk disk = DISKS.get(name);
            if (disk == null) {
                throw new HoldfastException(ErrorCode.NOT_FOUND, this + " does not exist");
            }
            var lock = writable ? disk.users.writeLock() : disk.users.readLock();
            if (disk.users.isWriteLocked() || !lock.tryLock()) {
                throw new HoldfastException(ErrorCode.HELD, this + " is in use");
            }
            return new DeviceClaim() {
                private boolean closed;

                @Override
                public String storage() {
                    return Source.this.toString();
                }

                @Override
                public Device open(DeviceOptions options) {
                    return new View(Source.this.toString(), disk);
                }

                @Override
                public FormattableDevice openToFormat(boolean taking) {
                    return new View(Source.this.toString(), disk);
                }

                @Override
                public void close() {
                    if (!closed) {
                        closed = true;
                        lock.unlock();
                    }
                }
            };
        }

        @Override
        public String storage() throws IOException {
            if (!exists(name)) {
                throw new NoSuchFileException(toString());
            }
            return toString();
        }

        @Override
        public String toString() {
            return "memory:" + name;
        }
    }

    /** An open device; {@code blocks} are those of the volume while it is formatted. */
    private static final class View implements FormattableDevice {
        private final String name;
        private final Disk disk;
        private long blocks;

        View(String name, Disk disk) {
            this.name = name;
            this.disk = disk;
            this.blocks = disk.contents.blocks();
        }

        @Override
        public void resize(long bytes) {
            MemoryDevice old = disk.contents;
            if (bytes / Block.SIZE > old.blocks()) {
                disk.contents = new MemoryDevice(name, bytes / Block.SIZE);
                old.storedBlockNumbers().forEach(block -> disk.contents.setBlock(block, old.block(block)));
            }
            blocks = bytes == 0 ? disk.contents.blocks() : bytes / Block.SIZE;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long blocks() {
            return blocks;
        }

        @Override
        public boolean directIo() {
            return false;
        }

        @Override
        public void read(long block, MemorySegment target) throws HoldfastException {
            disk.contents.read(block, target);
        }

        @Override
        public void write(long block, SealedBuffer source) throws HoldfastException {
            disk.contents.write(block, source);
        }

        @Override
        public void write(long block, SealedBuffer source, int from, int count) throws HoldfastException {
            disk.contents.write(block, source, from, count);
        }

        @Override
        public void write(long block, LentBuffer source) throws HoldfastException {
            disk.contents.write(block, source);
        }

        @Override
        public void flush() throws HoldfastException {
            disk.contents.flush();
        }

        /** The contents stay. */
        @Override
        public void close() {}
    }
}
