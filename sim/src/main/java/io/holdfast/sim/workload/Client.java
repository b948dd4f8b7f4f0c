package io.holdfast.sim.workload;

import io.holdfast.error.HoldfastException;
import java.util.SplittableRandom;

/**
 * One user of the volume: opens files, makes random calls on them, and compares the results with the model. It owns one
 * directory and shares another with all clients. This class chooses the next call; the calls themselves are in {@link
 * NameCalls}, {@link WriteCalls} and {@link ReadCalls}.
 */
public final class Client implements Runnable {
    private final World world;
    private final String name;
    private final SplittableRandom random;
    private final OpenHandles handles = new OpenHandles();
    private final NameCalls names;
    private final WriteCalls writes;
    private final ReadCalls reads;

    public Client(World world, int number) {
        this.world = world;
        this.name = "c" + number;
        this.random = world.scenario.random("client " + number);
        Draws draws = new Draws(world, random);
        this.names = new NameCalls(world, number, handles, random);
        this.writes = new WriteCalls(world, draws);
        this.reads = new ReadCalls(world, draws);
    }

    public String name() {
        return name;
    }

    /** Forgets all handles, because the volume was closed. */
    public void forget() {
        handles.forget();
    }

    /** Makes calls until the phase is over. */
    @Override
    public void run() {
        while (world.takeOperation()) {
            if (random.nextInt(world.mix.pauseOneIn) == 0) {
                world.scheduler.sleep(random.nextInt(3_000_000));
            }
            try {
                operation();
            } catch (HoldfastException e) {
                world.expect(e, false, name);
            }
            world.progress();
        }
    }

    /** Closes all handles while the volume is open. */
    public void closeAll() {
        handles.closeAll();
    }

    private void operation() throws HoldfastException {
        if (handles.isEmpty() || (!handles.isFull() && random.nextInt(12) == 0)) {
            names.open();
            return;
        }
        Handle handle = handles.any(random);
        switch (world.mix.next(random)) {
            case WRITE -> writes.write(handle);
            case READ -> reads.read(handle);
            case FLUSH -> flush(handle);
            case PUNCH -> writes.zero(handle, true);
            case ZERO -> writes.zero(handle, false);
            case ALLOCATE -> writes.allocate(handle);
            case TRUNCATE -> {
                if (!handle.disk()) {
                    writes.truncate(handle);
                }
            }
            case MAP -> reads.map(handle);
            case SYNC -> sync();
            case CHECKPOINT -> checkpoint();
            case CLOSE -> close(handle);
            case REPLACE -> names.replaceShared();
            case NAMESPACE -> {
                names.namespace();
                names.list();
            }
        }
    }

    private void close(Handle handle) {
        world.log("close", handle.model().label());
        handles.close(handle);
    }

    private void flush(Handle handle) throws HoldfastException {
        long start = world.ticks.next();
        world.log("flush", handle.model().label());
        handle.file().flush();
        world.flushed(handle.model(), start);
        world.log("flushed", handle.model().label());
    }

    private void sync() throws HoldfastException {
        if (names.flushDirectory()) {
            return;
        }
        long start = world.ticks.next();
        world.log("sync", "");
        world.volume().sync();
        world.synced(start);
    }

    private void checkpoint() throws HoldfastException {
        long start = world.ticks.next();
        world.log("checkpoint", "");
        world.volume().checkpoint();
        world.synced(start);
    }
}
