package io.holdfast.sim.disk;

import io.holdfast.concurrent.Threads;
import io.holdfast.device.Device;
import io.holdfast.device.DeviceReads;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Phaser;

/** Asynchronous reads that complete in any order: each has a virtual thread of its own, which the scheduler delays. */
final class SimReads implements DeviceReads {
    private static final int UNDER_WAY_MAX = 8;

    private final Device device;
    private final String name;
    private final Runnable handedOn;
    private final Phaser underWay = new Phaser(1);
    private volatile boolean closed;

    SimReads(Device device, String name, Runnable handedOn) {
        this.device = device;
        this.name = name;
        this.handedOn = handedOn;
    }

    @Override
    public boolean start(long block, MemorySegment[] targets, Ended ended) {
        if (closed || underWay.getRegisteredParties() > UNDER_WAY_MAX) {
            return false;
        }
        underWay.register();
        Threads.start(name, () -> {
            boolean whole = false;
            try {
                long at = block;
                for (MemorySegment target : targets) {
                    device.read(at, target);
                    at += target.byteSize() / Block.SIZE;
                }
                whole = true;
            } catch (HoldfastException e) {
                // The consumer reads again and gets the error.
            } finally {
                ended.ended(whole);
                handedOn.run();
                underWay.arriveAndDeregister();
            }
        });
        return true;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            underWay.arriveAndAwaitAdvance();
        }
    }
}
