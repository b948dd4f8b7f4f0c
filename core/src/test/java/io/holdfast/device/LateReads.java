package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A device whose queued reads end when the test says so, with what is on the device then. */
public final class LateReads extends ForwardingDevice {
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean atOnce;
    private boolean garbled;

    public LateReads(Device device) {
        super(device);
    }

    /** Ends all that wait. */
    public void endAll() {
        List<Runnable> ending = List.copyOf(waiting);
        waiting.clear();
        ending.forEach(Runnable::run);
    }

    /** Returns how many wait. */
    public int waiting() {
        return waiting.size();
    }

    /** Closing a queue ends what waits in it. */
    public void endAtOnce() {
        atOnce = true;
    }

    /** Changes a bit of what queued reads return from now on. */
    public void garble() {
        garbled = true;
    }

    @Override
    public DeviceReads openReads(String name, Runnable handedOn) {
        return new Queue(handedOn);
    }

    private final class Queue implements DeviceReads {
        private final Runnable handedOn;

        Queue(Runnable handedOn) {
            this.handedOn = handedOn;
        }

        @Override
        public boolean start(long block, MemorySegment[] targets, Ended ended) {
            waiting.add(() -> {
                boolean whole = false;
                try {
                    long at = block;
                    for (MemorySegment target : targets) {
                        device.read(at, target);
                        at += target.byteSize() / Block.SIZE;
                    }
                    if (garbled) {
                        MemorySegment target = targets[0];
                        target.set(ValueLayout.JAVA_BYTE, 17, (byte) ~target.get(ValueLayout.JAVA_BYTE, 17));
                    }
                    whole = true;
                } catch (HoldfastException e) {
                    // The reader is told that it is not whole.
                }
                ended.ended(whole);
                handedOn.run();
            });
            return true;
        }

        @Override
        public void close() {
            if (atOnce) {
                endAll();
            } else if (!waiting.isEmpty()) {
                throw new IllegalStateException("closed with reads under way");
            }
        }
    }
}
