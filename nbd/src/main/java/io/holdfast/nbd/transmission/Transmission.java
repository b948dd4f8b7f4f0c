package io.holdfast.nbd.transmission;

import io.holdfast.door.ChangeGate;
import io.holdfast.door.InFlight;
import io.holdfast.door.Lease;
import io.holdfast.door.PayloadPool;
import io.holdfast.door.PayloadShare;
import io.holdfast.inject.Guard;
import io.holdfast.inject.Inject;
import io.holdfast.nbd.NbdEnvironment;
import io.holdfast.nbd.NbdOptions;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.ProtocolException;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.nbd.transmission.RequestCheck.Rejection;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.nbd.transport.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * One connection's transmission phase, as run by its reading thread.
 *
 * <p>Invariants: a header is copied out of the input before it is checked, and checked before it is used. Every request
 * but DISC gets one reply; the order of replies is free. No byte of a payload is ever taken for a request: the payload
 * is consumed before the next header is parsed, even if the request is refused, and where that is not possible the
 * refusal is the last reply and the connection ends. {@link #run} returns when the client is done or gone and nothing
 * is in flight; the caller can then close the file.
 */
public final class Transmission {
    private static final int PAYLOAD_IDS_MAX = 16;

    /** More than the buffers of a socket hold: 64 pieces of 256 KiB each. */
    private static final int LOOK_AHEAD_PIECES_MAX = 64;

    private final Negotiated negotiated;
    private final InputBuffer input;
    private final ReplyQueue replies;
    private final Runnable flush;
    private final InFlight inFlight;
    private final Exchange exchange;
    private final ReadCommand read;
    private final WriteCommand write;
    private final RangeCommands ranges;
    private final BlockStatusCommand blockStatus;
    private final PayloadShare memory;
    private final Transport transport;
    private final Admission admission;
    private final Traffic traffic = new Traffic();
    private final int lookAheadBytes;
    private volatile boolean stopping;
    private volatile boolean begun;
    private volatile boolean ended;

    public Transmission(
            Negotiated negotiated,
            Transport transport,
            InputBuffer input,
            NbdOptions options,
            PayloadPool pool,
            WorkerPlaces places,
            Meters meters,
            ChangeGate gate,
            Admission admission,
            NbdEnvironment environment) {
        this.negotiated = negotiated;
        this.input = input;
        this.replies = new ReplyQueue(transport, negotiated.format(), environment);
        this.flush = replies::flush;
        this.inFlight = new InFlight(options.requestsMax(), options.connectionBytesMax(), environment.timing());
        Workers workers = new Workers(options.requestsMax(), places, environment.timing());
        this.memory = pool.newShare();
        this.transport = transport;
        this.admission = admission;
        this.lookAheadBytes = environment.lookAheadBytes();
        this.exchange = new Exchange(
                negotiated,
                input,
                replies,
                inFlight,
                memory,
                meters,
                workers,
                environment.processors(),
                gate,
                this::peerIsGone);
        this.read = new ReadCommand(exchange);
        this.write = new WriteCommand(exchange);
        this.ranges = new RangeCommands(exchange);
        this.blockStatus = new BlockStatusCommand(exchange);
    }

    /**
     * Serves until the client disconnects or the server stops; throws if the connection does not end in order. A
     * request that is read after the server has begun to stop is dropped without a reply: the client sends it again to
     * the next server.
     */
    public void run() throws IOException {
        boolean extended = negotiated.format() == ReplyFormat.EXTENDED;
        int headerBytes = extended ? Request.EXTENDED_BYTES : Request.COMPACT_BYTES;
        try {
            while (!stopping) {
                if (input.available() < headerBytes) {
                    replies.flush();
                }
                noticeBeginning(headerBytes);
                Request request = Request.parse(input.require(headerBytes), extended);
                if (request.type() == CommandType.DISC.code()) {
                    ended = true;
                    return;
                }
                if (admission.hasRate()) {
                    admission.awaitTurn(bytes(request), flush);
                }
                if (stopping) {
                    return;
                }
                Throwable broken = replies.broken();
                if (broken != null) {
                    throw new IOException("no reply can be sent: " + broken.getMessage(), broken);
                }
                serve(request);
            }
        } catch (RuntimeException | Error e) {
            if (!Inject.off(Guard.SESSION_ERROR_ENDS)) {
                replies.giveUp(e);
            }
            throw e;
        } catch (IOException e) {
            ended = true;
            Throwable broken = e instanceof ClosedChannelException ? replies.broken() : null;
            throw broken == null ? e : new IOException("no reply can be sent: " + broken.getMessage(), broken);
        } finally {
            end();
        }
    }

    private long bytes(Request request) {
        return RequestCheck.check(request, negotiated) == null ? Traffic.bytes(request) : 0;
    }

    /** Waits for what is in flight, whatever is thrown: until then others use the file and the memory. */
    private void end() {
        try {
            if (!Inject.off(Guard.SESSION_ERROR_ENDS)) {
                exchange.abandon();
            }
        } catch (RuntimeException | Error e) {
            replies.giveUp(e);
            Defects.log("giving up a request failed", e);
        }
        try {
            replies.flush();
        } finally {
            inFlight.awaitIdle();
            admission.close();
            exchange.close();
        }
    }

    /**
     * Sets {@code begun} when the client has sent a part of its first request: it then relies on what it was told about
     * the file. A client that says goodbye at once has not begun.
     */
    private void noticeBeginning(int headerBytes) throws IOException {
        if (!begun && input.available() < headerBytes) {
            input.require(1);
            begun = input.available() < headerBytes;
        }
    }

    /** Returns whether the client has sent a request, or a part of one. */
    public boolean hasBegun() {
        return begun;
    }

    /** Returns whether the client has left or the connection broke; requests may still be in flight. */
    public boolean hasEnded() {
        return ended || replies.broken() != null;
    }

    /** Returns whether replies wait for the client to take them. */
    public boolean isSending() {
        return replies.isSending();
    }

    /** Lets no further request begin. */
    public void stop() {
        stopping = true;
        admission.stop();
    }

    /** Returns whether the client has changed the file, or tried. */
    public boolean hasTriedToWrite() {
        return admission.hasTriedToWrite();
    }

    /** Returns how many requests the client has sent. */
    public long requests() {
        return traffic.requests();
    }

    /** Returns how many bytes the client has asked for. */
    public long bytesRead() {
        return traffic.bytesRead();
    }

    /** Returns how many bytes the client has sent. */
    public long bytesWritten() {
        return traffic.bytesWritten();
    }

    /** Returns whether a request is in flight. */
    public boolean isBusy() {
        return inFlight.isBusy();
    }

    /**
     * Looks for the end of the stream behind the requests that are not read yet. A client with too many of them counts
     * as connected.
     */
    private boolean peerIsGone() {
        int[] left = {LOOK_AHEAD_PIECES_MAX};
        return replies.askInSilence(() -> transport.peerIsGone(() -> left[0]-- > 0 ? ahead() : null));
    }

    private Transport.@Nullable Ahead ahead() {
        Lease lease = memory.tryLease(lookAheadBytes);
        if (lease == null) {
            return null;
        }
        boolean taken = false;
        try {
            Transport.Ahead ahead = new Transport.Ahead(lease.buffer(0), lease::release);
            taken = true;
            return ahead;
        } finally {
            if (!taken) {
                lease.release();
            }
        }
    }

    /** Waits up to {@code nanos} for the requests in flight; returns whether they have ended. */
    public boolean awaitIdle(long nanos) throws InterruptedException {
        return inFlight.awaitIdle(nanos);
    }

    private void serve(Request request) throws IOException {
        begun = true;
        long payload = request.payloadLength();
        if (Long.compareUnsigned(payload, Wire.DRAINED_MAX) > 0) {
            refuseAndEnd(request, payload);
        }
        boolean carriesRange = request.extended()
                && request.type() == CommandType.BLOCK_STATUS.code()
                && request.has(Wire.FLAG_PAYLOAD_LEN);
        if (carriesRange) {
            serveBlockStatusWithPayload(request, payload);
        } else {
            check(request, payload);
        }
    }

    private void refuseAndEnd(Request request, long payload) throws ProtocolException {
        String why = payload == Request.PAYLOAD_UNKNOWN && !request.extended()
                ? "a request with PAYLOAD_LEN, but without extended headers"
                : "a request with " + Long.toUnsignedString(payload) + " bytes of payload";
        Job job = exchange.enter(request, 0);
        exchange.reply(exchange.failure(job, NbdError.EINVAL, why + "; the connection ends here"));
        throw new ProtocolException(why);
    }

    private void check(Request request, long payload) throws IOException {
        Rejection rejection = RequestCheck.check(request, negotiated);
        if (rejection != null) {
            reject(request, payload, rejection);
            return;
        }
        CommandType type = CommandType.of(request.type()).orElseThrow();
        if (type.writes()) {
            Rejection refused = admission.mayChange(flush);
            if (stopping) {
                return;
            }
            if (refused != null) {
                reject(request, payload, refused);
                return;
            }
        }
        traffic.count(type, request);
        switch (type) {
            case READ -> read.serve(request);
            case WRITE -> write.serve(request);
            case FLUSH -> ranges.flush(request);
            case TRIM -> ranges.trim(request);
            case CACHE -> ranges.cache(request);
            case WRITE_ZEROES -> ranges.writeZeroes(request);
            case BLOCK_STATUS -> blockStatus.serve(request);
            case DISC -> throw new IllegalStateException("DISC is handled by the loop");
        }
    }

    /**
     * Serves a block status whose payload has the real length and the contexts that the client asks for; we have only
     * one context.
     */
    private void serveBlockStatusWithPayload(Request request, long payload) throws IOException {
        if (payload < 12 || payload > 8 + 4 * PAYLOAD_IDS_MAX || payload % 4 != 0) {
            reject(request, payload, new Rejection(NbdError.EINVAL, "a payload of " + payload + " bytes"));
            return;
        }
        ByteBuffer data = ByteBuffer.allocate((int) payload);
        input.readFully(data);
        data.flip();
        Request inner = request.withLength(data.getLong());
        if (data.remaining() != 4 || data.getInt() != Wire.BASE_ALLOCATION_ID) {
            reject(inner, 0, new Rejection(NbdError.EINVAL, "a metadata context that was not selected, or twice one"));
            return;
        }
        check(inner, 0);
    }

    private void reject(Request request, long payload, Rejection rejection) throws IOException {
        if (payload > input.available()) {
            replies.flush();
        }
        input.skip(payload);
        Job job = exchange.enter(request, 0);
        exchange.reply(exchange.failure(job, rejection.error(), rejection.message()));
    }
}
