package io.holdfast.sim.workload;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.sim.model.Change;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.nbd.NbdDoor;
import io.holdfast.sim.nbd.NbdSpeaker;
import io.holdfast.sim.nbd.SimConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A user of the volume who comes over NBD, with one connection after the other. Most of these behave; some take no
 * replies, stop in a payload, break, or die with requests on their way. One that behaves gets each reply in time, whatever
 * the others do, and keeps its connection.
 */
public final class NbdClient implements Runnable {
    /** A client that behaves waits at most so long for a reply. A stalled one holds nobody up for longer. */
    private static final long PATIENCE_NANOS = NbdDoor.STALL_MAX.toNanos() * 6 / 10;

    /** What a client may send before it dies: the server can look behind so much ({@link NbdDoor#GUARANTEED}). */
    private static final int LAST_WORDS_MAX = 4;

    /** So many reads at once hold all memory for payloads, if one connection may have it. */
    private static final int FLOOD = 48;

    private static final int BURST_MAX = 8;
    private static final int BLOCKS_MAX = 20;

    private final World world;
    private final Disks disks;
    private final NbdDoor door;
    private final String name;
    private final SplittableRandom random;
    private final NbdPlaces places;

    public NbdClient(World world, NbdDoor door, int number) {
        this.world = world;
        this.disks = world.disks();
        this.door = door;
        this.name = "n" + number;
        this.random = world.scenario.random("nbd client " + number);
        this.places = new NbdPlaces(random.split(), world.scenario.fileBlocks());
    }

    public String name() {
        return name;
    }

    /** Connects again and again until the phase is over. */
    @Override
    public void run() {
        while (!world.phaseIsOver() && !door.isStopping()) {
            Disks.Disk disk = disks.get(random.nextInt(disks.count()));
            switch (random.nextInt(12)) {
                case 0 -> silent();
                case 1, 2 -> hasty(disk);
                default -> visit(disk);
            }
            world.progress();
        }
    }

    // ---- connections that choose no export ----

    /** Connects and says nothing, or not all that it should. */
    private void silent() {
        if (!world.takeOperation()) {
            return;
        }
        SimConnection connection = door.connect();
        SimConnection.End end = connection.client();
        long since = world.scheduler.nanoTime();
        if (door.hasRoom()) {
            try {
                ByteBuffer some = NbdSpeaker.hastyHandshake("disks");
                new NbdSpeaker(end, false).sendAll(some.limit(random.nextInt(some.limit())));
            } catch (IOException e) {
                // A server may refuse to listen.
            }
            awaitCut(connection, since, NbdDoor.HANDSHAKE_MAX, "chose no export");
        }
        end.close();
    }

    /** Sends everything at once, before the server has said a word, and dies. */
    private void hasty(Disks.Disk disk) {
        SimConnection connection = door.connect();
        NbdCalls calls = new NbdCalls(world, disk, places, random, false);
        NbdSpeaker speaker = new NbdSpeaker(connection.client(), false);
        world.log("hasty", disk.export());
        try {
            speaker.sendAll(NbdSpeaker.hastyHandshake(disk.export()));
            for (int i = 1 + random.nextInt(LAST_WORDS_MAX); i > 0 && world.takeOperation(); i--) {
                speaker.sendAll(calls.write(1));
            }
        } catch (IOException e) {
            // The server had no room for it.
        }
        die(connection, calls);
        visit(disk);
    }

    // ---- connections that are served ----

    private void visit(Disks.Disk disk) {
        List<Change> left = List.copyOf(disk.left());
        boolean mustFind = door.hasRoom();
        SimConnection connection = door.connect();
        NbdSpeaker speaker = new NbdSpeaker(connection.client(), random.nextInt(3) > 0);
        world.log("connect", disk.export());
        NbdCalls calls = new NbdCalls(world, disk, places, random, speaker.structured());
        try {
            long size = speaker.choose(disk.export(), PATIENCE_NANOS);
            if (size != disks.size()) {
                refused(connection, size, mustFind);
                return;
            }
            if (!world.takeOperation()) {
                leave(connection, speaker, calls);
                return;
            }
            ask(speaker, calls, random.nextBoolean() ? calls::flush : () -> calls.read(1));
            Disks.settle(disk, left);
            serve(connection, speaker, calls);
        } catch (NbdSpeaker.OverdueException e) {
            throw new ViolationException(
                    "%s: the server has not answered for %d s".formatted(name, PATIENCE_NANOS / 1_000_000_000), e);
        } catch (IOException e) {
            die(connection, calls);
            requireCause(e, mustFind);
        }
    }

    private void refused(SimConnection connection, long size, boolean mustFind) {
        connection.client().close();
        if (size >= 0 || (mustFind && !world.mayFail() && !door.isStopping())) {
            throw new ViolationException(
                    "%s: an export of %d bytes was found as one of %d".formatted(name, disks.size(), size));
        }
        world.scheduler.sleep(1 + random.nextInt(10_000_000));
    }

    /** Throws unless there is a reason for which the server has ended a connection. */
    private void requireCause(IOException e, boolean mustFind) {
        world.log("ended", String.valueOf(e.getMessage()));
        if (mustFind && !world.mayFail() && !door.excuse()) {
            throw new ViolationException("%s: the server has ended a connection without a cause".formatted(name), e);
        }
    }

    private void serve(SimConnection connection, NbdSpeaker speaker, NbdCalls calls) throws IOException {
        for (int rounds = random.nextInt(6); rounds > 0 && !world.phaseIsOver(); rounds--) {
            burst(speaker, calls, BURST_MAX, BLOCKS_MAX, 0);
            if (speaker.structured() && random.nextInt(3) == 0) {
                mustHaveItsShare(speaker, calls);
            }
        }
        if (world.phaseIsOver()) {
            leave(connection, speaker, calls);
            return;
        }
        switch (random.nextInt(12)) {
            case 0 -> {
                takeNothing(connection, speaker, calls);
                die(connection, calls);
            }
            case 1 -> {
                sendHalf(connection, speaker);
                die(connection, calls);
            }
            case 2 -> {
                world.scheduler.sleep(NbdDoor.STALL_MAX.toNanos() * 2);
                ask(speaker, calls, calls::flush);
                leave(connection, speaker, calls);
            }
            case 3, 4 -> {
                flood(speaker, calls);
                leave(connection, speaker, calls);
            }
            case 5, 6 -> breakSomewhere(connection, speaker, calls);
            case 7, 8, 9 -> dieAtWork(connection, speaker, calls);
            default -> leave(connection, speaker, calls);
        }
    }

    /** Makes one request and waits for the reply. */
    private void ask(NbdSpeaker speaker, NbdCalls calls, Supplier<ByteBuffer> request) throws IOException {
        speaker.sendAll(request.get());
        while (!calls.isIdle()) {
            receive(speaker, calls);
        }
    }

    private void receive(NbdSpeaker speaker, NbdCalls calls) throws IOException {
        long left = calls.oldest() + PATIENCE_NANOS - world.scheduler.nanoTime();
        if (left <= 0) {
            throw new NbdSpeaker.OverdueException();
        }
        speaker.receive(calls, left);
    }

    /**
     * Sends some requests from another thread, and takes the replies after a while.
     *
     * @param delay how long it takes none
     */
    private void burst(NbdSpeaker speaker, NbdCalls calls, int requestsMax, int blocksMax, long delay)
            throws IOException {
        int count = 1 + random.nextInt(requestsMax);
        Thread sender = sender(speaker, count, world::takeOperation, () -> calls.any(blocksMax));
        try {
            if (delay > 0) {
                world.scheduler.sleep(delay);
            }
            while (sender.isAlive() || !calls.isIdle()) {
                if (calls.isIdle()) {
                    world.scheduler.pause();
                } else {
                    receive(speaker, calls);
                }
            }
        } catch (IOException e) {
            speaker.end().close();
            throw e;
        } finally {
            world.scheduler.join(sender);
        }
    }

    private Thread sender(NbdSpeaker speaker, int count, BooleanSupplier more, Supplier<ByteBuffer> requests) {
        return world.scheduler.start(name + " sends", () -> {
            try {
                for (int i = 0; i < count && more.getAsBoolean(); i++) {
                    speaker.sendAll(requests.get());
                }
            } catch (IOException e) {
                // The receiver finds out as well.
            }
        });
    }

    /** With nothing in flight the connection can have its part of the memory, whatever others hold. */
    private void mustHaveItsShare(NbdSpeaker speaker, NbdCalls calls) throws IOException {
        if (world.takeOperation()) {
            // What was sent before this reply has given its memory back.
            ask(speaker, calls, calls::flush);
            ask(speaker, calls, calls::certainRead);
        }
    }

    // ---- those that misbehave ----

    /** Sends many reads and takes its time to take the replies, but not too long. */
    private void flood(NbdSpeaker speaker, NbdCalls calls) throws IOException {
        if (!world.takeOperation()) {
            return;
        }
        int blocks = Math.min(places.blocks(), 5);
        world.log("flood", name);
        long until = world.scheduler.nanoTime() + random.nextLong(NbdDoor.STALL_MAX.toNanos() / 2);
        // Together: between two requests the reading thread of the session would send, and wait for the client.
        Thread sender = sender(speaker, 1, () -> true, () -> {
            ByteBuffer all = ByteBuffer.allocate(FLOOD * 28);
            for (int i = 0; i < FLOOD; i++) {
                all.put(calls.read(0, blocks * 4096, false));
            }
            return all.flip();
        });
        world.scheduler.sleep(until - world.scheduler.nanoTime());
        try {
            while (sender.isAlive() || !calls.isIdle()) {
                if (calls.isIdle()) {
                    world.scheduler.pause();
                } else {
                    speaker.receive(calls, PATIENCE_NANOS);
                }
            }
        } catch (IOException e) {
            speaker.end().close();
            throw e;
        } finally {
            world.scheduler.join(sender);
        }
    }

    /** Asks for more than the connection has room for, and takes nothing. */
    private void takeNothing(SimConnection connection, NbdSpeaker speaker, NbdCalls calls) throws IOException {
        if (speaker.structured() || !world.takeOperation()) {
            return;
        }
        world.log("take nothing", name);
        int blocks = Math.min(places.blocks(), 4);
        for (int i = 0; i < 2 + 8 / blocks; i++) {
            speaker.sendAll(calls.read(0, blocks * 4096, false));
        }
        awaitCut(connection, world.scheduler.nanoTime(), NbdDoor.STALL_MAX, "took no replies");
    }

    /** Sends a part of a payload. What has not come as a whole must never be seen. */
    private void sendHalf(SimConnection connection, NbdSpeaker speaker) throws IOException {
        if (!world.takeOperation()) {
            return;
        }
        world.log("send half", name);
        ByteBuffer payload = ByteBuffer.allocate(random.nextInt(4096));
        while (payload.remaining() >= 8) {
            payload.putLong(Long.reverseBytes(Change.word(world.nextChange(), 0)));
        }
        speaker.sendAll(NbdSpeaker.request(CommandType.WRITE, 0, 1 << 30, 0, 4096, payload.flip()));
        awaitCut(connection, world.scheduler.nanoTime(), NbdDoor.STALL_MAX, "stopped in a payload");
    }

    /** Waits for the server to end the connection of a client that owes it something. */
    private void awaitCut(SimConnection connection, long since, Duration limit, String what) {
        for (int i = 0; i < 12 && connection.server().isOpen(); i++) {
            world.scheduler.sleep(limit.toNanos() / 4);
            world.progress();
        }
        if (connection.server().isOpen() && !world.mayFail()) {
            throw new ViolationException("%s %s, and the server has kept its connection for %d s"
                    .formatted(name, what, limit.toSeconds() * 3));
        }
        long after = connection.server().closedAt() - since;
        if (after < limit.toNanos() && !world.mayFail() && !door.excuse()) {
            throw new ViolationException(
                    "%s %s, and its connection was ended after %d ns".formatted(name, what, after));
        }
    }

    private void breakSomewhere(SimConnection connection, NbdSpeaker speaker, NbdCalls calls) {
        long sent = random.nextBoolean() ? Long.MAX_VALUE : 1 + random.nextInt(12_000);
        connection.client().breakAfter(sent, sent == Long.MAX_VALUE ? 1 + random.nextInt(4_000) : Long.MAX_VALUE);
        world.log("break", name);
        try {
            for (int i = 0; i < 3 && !world.phaseIsOver(); i++) {
                burst(speaker, calls, LAST_WORDS_MAX, 1, 0);
            }
        } catch (IOException e) {
            world.log("broken", name);
        }
        die(connection, calls);
    }

    /** Closes the connection while requests are on their way, and now and then comes back at once. */
    private void dieAtWork(SimConnection connection, NbdSpeaker speaker, NbdCalls calls) throws IOException {
        world.log("die", name);
        int count = 1 + random.nextInt(LAST_WORDS_MAX);
        Thread sender = sender(
                speaker, count, world::takeOperation, () -> random.nextInt(3) > 0 ? calls.write(1) : calls.any(1));
        try {
            for (int i = random.nextInt(count + 1); i > 0; i--) {
                if (!calls.isIdle()) {
                    receive(speaker, calls);
                }
            }
            if (random.nextBoolean()) {
                world.scheduler.sleep(random.nextInt(3_000_000));
            }
        } finally {
            connection.client().close();
            world.scheduler.join(sender);
        }
        die(connection, calls);
    }

    private static void die(SimConnection connection, NbdCalls calls) {
        connection.client().close();
        calls.lose();
    }

    private void leave(SimConnection connection, NbdSpeaker speaker, NbdCalls calls) throws IOException {
        if (random.nextBoolean()) {
            speaker.sendAll(NbdSpeaker.request(CommandType.DISC, 0, 0, 0, 0, ByteBuffer.allocate(0)));
        }
        die(connection, calls);
    }
}
