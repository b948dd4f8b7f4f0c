package io.holdfast.sim.workload;

import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.sim.model.Change;
import io.holdfast.sim.model.FileModel;
import io.holdfast.sim.model.ViolationException;
import io.holdfast.sim.nbd.NbdDoor;
import io.holdfast.sim.nbd.NbdSpeaker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one connection: makes them up, and compares the replies with the model.
 *
 * <p>Invariant: {@code pending} has the requests that are, or are about to be, sent and whose replies have not come, the
 * oldest first.
 */
final class NbdCalls implements NbdSpeaker.Replies {
    private static final int BLOCK = 4096;
    private static final int EIO = 5;
    private static final int ENOMEM = 12;
    private static final int ENOSPC = 28;
    private static final int EOVERFLOW = 75;

    private final World world;
    private final Disks.Disk disk;
    private final NbdPlaces places;
    private final SplittableRandom random;
    private final boolean structured;
    private final Map<Long, Pending> pending = new LinkedHashMap<>();
    private long cookies;

    private static final class Pending {
        final CommandType type;
        final int flags;
        final long offset;
        final int length;
        final long sentAt;
        /** A tick: what was over before it must be seen, or is covered. */
        final long started;

        final @Nullable Change change;
        final ByteBuffer data;
        final BitSet told = new BitSet();
        /** Whether the connection certainly has the memory for it. */
        boolean certain;

        int parts;
        int error;
        String message = "";

        Pending(
                CommandType type,
                int flags,
                long offset,
                int length,
                long sentAt,
                long started,
                @Nullable Change change) {
            this.type = type;
            this.flags = flags;
            this.offset = offset;
            this.length = length;
            this.sentAt = sentAt;
            this.started = started;
            this.change = change;
            this.data = ByteBuffer.allocate(type == CommandType.READ ? length : 0);
        }
    }

    NbdCalls(World world, Disks.Disk disk, NbdPlaces places, SplittableRandom random, boolean structured) {
        this.world = world;
        this.disk = disk;
        this.places = places;
        this.random = random;
        this.structured = structured;
    }

    boolean isIdle() {
        return pending.isEmpty();
    }

    /** Returns when the oldest request was sent that has no reply; there must be one. */
    long oldest() {
        return pending.values().iterator().next().sentAt;
    }

    // ---- requests ----

    /**
     * Returns any request.
     *
     * @param blocksMax how long it may be
     */
    ByteBuffer any(int blocksMax) {
        return switch (random.nextInt(24)) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8 -> write(blocksMax);
            case 9, 10, 11, 12, 13, 14 -> read(blocksMax);
            case 15, 16, 17 -> flush();
            case 18, 19 -> zeroes(blocksMax);
            case 20, 21 -> trim(blocksMax);
            case 22 -> cache(blocksMax);
            default -> structured ? status(blocksMax) : flush();
        };
    }

    ByteBuffer write(int blocksMax) {
        NbdPlaces.Place place = places.toChange(blocksMax);
        int id = world.nextChange();
        long[] words = new long[place.length() / 8];
        Arrays.fill(words, Change.word(id, 0));
        ByteBuffer payload = ByteBuffer.allocate(place.length());
        MemorySegment.ofBuffer(payload).copyFrom(MemorySegment.ofArray(words));
        return send(CommandType.WRITE, fua(), place, id, payload);
    }

    ByteBuffer read(int blocksMax) {
        int flags = structured && random.nextInt(4) == 0 ? Wire.FLAG_DF : 0;
        return send(CommandType.READ, flags, places.toRead(blocksMax), 0, empty());
    }

    ByteBuffer read(long offset, int length, boolean unfragmented) {
        return send(CommandType.READ, unfragmented ? Wire.FLAG_DF : 0, new NbdPlaces.Place(offset, length), 0, empty());
    }

    /**
     * Returns a read in one piece that the connection certainly has the memory for. No other request may be pending.
     */
    ByteBuffer certainRead() {
        int length = Math.min(places.blocks(), 2 + random.nextInt(6)) * BLOCK;
        ByteBuffer bytes = read(0, length, true);
        pending.values().forEach(one -> one.certain = true);
        return bytes;
    }

    ByteBuffer flush() {
        return send(CommandType.FLUSH, 0, new NbdPlaces.Place(0, 0), 0, empty());
    }

    private ByteBuffer zeroes(int blocksMax) {
        int flags = fua()
                | (random.nextBoolean() ? Wire.FLAG_NO_HOLE : 0)
                | (random.nextBoolean() ? Wire.FLAG_FAST_ZERO : 0);
        return send(CommandType.WRITE_ZEROES, flags, places.toChange(blocksMax), world.nextChange(), empty());
    }

    private ByteBuffer trim(int blocksMax) {
        return send(CommandType.TRIM, fua(), places.whole(blocksMax), world.nextChange(), empty());
    }

    private ByteBuffer cache(int blocksMax) {
        return send(CommandType.CACHE, 0, places.whole(blocksMax), 0, empty());
    }

    private ByteBuffer status(int blocksMax) {
        int flags = random.nextBoolean() ? Wire.FLAG_REQ_ONE : 0;
        return send(CommandType.BLOCK_STATUS, flags, places.whole(blocksMax), 0, empty());
    }

    private int fua() {
        return random.nextInt(6) == 0 ? Wire.FLAG_FUA : 0;
    }

    private static ByteBuffer empty() {
        return ByteBuffer.allocate(0);
    }

    private ByteBuffer send(CommandType type, int flags, NbdPlaces.Place place, int id, ByteBuffer payload) {
        FileModel model = disk.model();
        long cookie = ++cookies;
        world.log(
                "send",
                "%s #%d %s %d +%d flags %d cookie %d"
                        .formatted(type, id, model.label(), place.offset(), place.length(), flags, cookie));
        Change change = id == 0
                ? null
                : model.begin(id, type != CommandType.WRITE, place.offset(), place.offset() + place.length());
        long started = type == CommandType.READ ? model.readBegins() : world.ticks.next();
        pending.put(
                cookie,
                new Pending(type, flags, place.offset(), place.length(), world.scheduler.nanoTime(), started, change));
        return NbdSpeaker.request(type, flags, cookie, place.offset(), place.length(), payload);
    }

    // ---- replies ----

    private Pending pending(long cookie) {
        Pending one = pending.get(cookie);
        if (one == null) {
            throw new ViolationException("a reply with cookie %d, for which no request waits".formatted(cookie));
        }
        return one;
    }

    @Override
    public int payloadOf(long cookie) {
        Pending one = pending(cookie);
        return one.type == CommandType.READ ? one.length : 0;
    }

    @Override
    public void data(long cookie, long offset, ByteBuffer data) {
        Pending one = pending(cookie);
        int from = tell(one, offset < 0 ? one.offset : offset, data.remaining());
        one.data.put(from, data, data.position(), data.remaining());
    }

    @Override
    public void hole(long cookie, long offset, int length) {
        tell(pending(cookie), offset, length);
    }

    /** Notes that a part of a read has come, and returns where it begins. */
    private int tell(Pending one, long offset, int length) {
        long from = offset - one.offset;
        boolean right = one.type == CommandType.READ && from >= 0 && length > 0 && from + length <= one.length;
        if (!right || !one.told.get((int) from, (int) from + length).isEmpty()) {
            throw new ViolationException(
                    "%s: the reply to a read of %d bytes at %d has %d bytes at %d, which are wrong or not new"
                            .formatted(disk.model().label(), one.length, one.offset, length, offset));
        }
        one.parts++;
        one.told.set((int) from, (int) from + length);
        return (int) from;
    }

    @Override
    public void status(long cookie, ByteBuffer descriptors) {
        Pending one = pending(cookie);
        long length = 0;
        int count = 0;
        while (descriptors.hasRemaining()) {
            int part = descriptors.getInt();
            descriptors.getInt();
            if (part <= 0) {
                throw new ViolationException("a block status of %d bytes".formatted(part));
            }
            length += part;
            count++;
        }
        boolean only = (one.flags & Wire.FLAG_REQ_ONE) != 0;
        if (count == 0 || (only && (count > 1 || length > one.length))) {
            throw new ViolationException(
                    "a block status with %d extents of %d bytes for %d".formatted(count, length, one.length));
        }
    }

    @Override
    public void error(long cookie, int error, String message) {
        Pending one = pending(cookie);
        one.error = error;
        one.message = message;
    }

    @Override
    public void end(long cookie) {
        Pending one = pending(cookie);
        pending.remove(cookie);
        world.log("reply", "cookie %d error %d %s".formatted(cookie, one.error, one.message));
        if (one.error != 0) {
            failed(one);
        } else {
            done(one);
        }
        if (one.type == CommandType.READ) {
            disk.model().readEnded(one.started);
        }
        world.progress();
    }

    private void failed(Pending one) {
        if (one.change != null) {
            disk.model().failed(one.change);
        }
        boolean right = switch (one.error) {
            case EIO -> world.mayFail();
            case ENOMEM -> world.mayFail();
            case ENOSPC -> world.mayBeFull();
            case EOVERFLOW -> (one.flags & Wire.FLAG_DF) != 0 && one.length > NbdDoor.STEP_BYTES && !one.certain;
            default -> false;
        };
        if (!right) {
            throw new ViolationException("%s of %s: error %d without a cause: %s"
                    .formatted(one.type, disk.model().label(), one.error, one.message));
        }
    }

    private void done(Pending one) {
        FileModel model = disk.model();
        if (one.change != null) {
            model.done(one.change, (one.flags & Wire.FLAG_FUA) != 0);
        } else if (one.type == CommandType.FLUSH) {
            world.flushed(model, one.started);
        } else if (one.type == CommandType.READ) {
            if (one.told.cardinality() != one.length) {
                throw new ViolationException("%s: of %d bytes the reply to a read has %d"
                        .formatted(model.label(), one.length, one.told.cardinality()));
            }
            if ((one.flags & Wire.FLAG_DF) != 0 && one.parts > 1) {
                throw new ViolationException(
                        "a read that must not be fragmented came in %d parts".formatted(one.parts));
            }
            if (world.isVerifiable(model)) {
                model.verify(MemorySegment.ofBuffer(one.data), one.offset, one.length, one.started);
            }
        }
    }

    /** The connection is gone: nobody will say what became of the pending requests. */
    void lose() {
        for (Pending one : pending.values()) {
            if (one.change != null) {
                disk.left().add(one.change);
            } else if (one.type == CommandType.READ) {
                disk.model().readEnded(one.started);
            }
        }
        pending.clear();
    }
}
