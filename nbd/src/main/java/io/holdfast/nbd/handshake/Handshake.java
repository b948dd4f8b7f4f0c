package io.holdfast.nbd.handshake;

import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.export.ExportException;
import io.holdfast.nbd.export.ExportUse;
import io.holdfast.nbd.handshake.OptionData.InvalidOptionException;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.OptionType;
import io.holdfast.nbd.protocol.ProtocolException;
import io.holdfast.nbd.protocol.ReplyFormat;
import io.holdfast.nbd.protocol.Text;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.nbd.transport.InputBuffer;
import io.holdfast.nbd.transport.TlsIdentity;
import io.holdfast.nbd.transport.Transport;
import io.holdfast.volume.StoredFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection's fixed newstyle negotiation (section «Handshake»).
 *
 * <p>Invariants: only the connection's thread uses this. An option's data is at most {@link #OPTION_BYTES_MAX} bytes,
 * and is copied before it is parsed. A client gets at most {@link #FAILURES_MAX} errors, {@link #LISTINGS_MAX} listings
 * and {@link #OPTIONS_MAX} options altogether; beyond that the connection is dropped. STARTTLS forgets everything that
 * came before it, received bytes included (CVE-2021-3716).
 *
 * <p>A client need not set the flag for fixed newstyle: some clients do not, and still send other options than
 * EXPORT_NAME and read the replies. The caller limits the time, by closing the transport.
 */
public final class Handshake {
    static final int OPTION_BYTES_MAX = 64 << 10;
    static final int DRAIN_MAX = 1 << 20;
    static final int FAILURES_MAX = 32;
    static final int LISTINGS_MAX = 4;
    static final int OPTIONS_MAX = 4096;
    private static final int OPTION_HEADER = 16;

    private final Greeter greeter;
    private final @Nullable String refusal;
    private final Transport transport;
    private final InputBuffer input;
    private final OptionReplies replies;
    private final Consumer<String> refused;
    private boolean zeroes;
    private boolean structured;
    private boolean extended;

    /** Canonical name of the export for which base:allocation was selected. */
    private @Nullable String metaContextExport;

    /** The file of the export that was opened last, until it is closed or handed over. */
    private @Nullable StoredFile opened;

    /** The export in which this connection has a place, until it is given back or handed over. */
    private @Nullable ExportUse entered;

    private int options;
    private int failures;
    private int listings;

    /**
     * @param refusal why this client is not served, or null; if set, every option is answered with it
     * @param refused receives the reason when a client that wants to be served is not; again each time the client tries
     */
    public Handshake(
            Greeter greeter,
            @Nullable String refusal,
            Transport transport,
            InputBuffer input,
            Consumer<String> refused) {
        this.greeter = greeter;
        this.refusal = refusal;
        this.transport = transport;
        this.input = input;
        this.replies = new OptionReplies(transport);
        this.refused = refused;
    }

    /** Negotiates; empty if the client ended the negotiation. However this ends, no other file stays open. */
    public Optional<Negotiated> run() throws IOException {
        try {
            Optional<Negotiated> result = negotiate();
            opened = null;
            entered = null;
            return result;
        } finally {
            closeOpened();
        }
    }

    private Export open(String name) throws ExportException {
        Export export = greeter.exports().open(transport.certificate(), name);
        opened = export.file();
        return export;
    }

    /** Opens an export to serve it. */
    private Export enter(String name) throws ExportException {
        Export export = open(name);
        boolean done = false;
        try {
            export.use().enter();
            entered = export.use();
            done = true;
            return export;
        } finally {
            if (!done) {
                closeOpened();
            }
        }
    }

    private void closeOpened() {
        ExportUse use = entered;
        entered = null;
        if (use != null) {
            use.leave();
        }
        StoredFile file = opened;
        opened = null;
        if (file != null) {
            file.close();
        }
    }

    private Optional<Negotiated> negotiate() throws IOException {
        replies.greet();
        readClientFlags();
        while (true) {
            ByteBuffer header = input.require(OPTION_HEADER);
            long magic = header.getLong();
            if (magic != Wire.OPTION_MAGIC) {
                throw new ProtocolException("bad option magic 0x" + Long.toHexString(magic));
            }
            if (++options > OPTIONS_MAX || failures >= FAILURES_MAX) {
                throw new ProtocolException("too many options");
            }
            int code = header.getInt();
            long length = Integer.toUnsignedLong(header.getInt());
            Step step = step(code, length);
            replies.send();
            if (step instanceof Step.Transmit(Negotiated negotiated)) {
                return Optional.of(negotiated);
            } else if (step == Step.Next.END) {
                return Optional.empty();
            } else if (step instanceof Step.Encrypt(TlsIdentity identity)) {
                encrypt(identity);
            }
        }
    }

    private void readClientFlags() throws IOException {
        int flags = input.require(4).getInt();
        if ((flags & ~(Wire.HANDSHAKE_FIXED_NEWSTYLE | Wire.HANDSHAKE_NO_ZEROES)) != 0) {
            throw new ProtocolException("unknown client flags 0x" + Integer.toHexString(flags));
        }
        zeroes = (flags & Wire.HANDSHAKE_NO_ZEROES) == 0;
    }

    private Step step(int code, long length) throws IOException {
        Optional<OptionType> known = OptionType.of(code);
        boolean exportName = known.equals(Optional.of(OptionType.EXPORT_NAME));
        if (exportName ? length > Wire.STRING_MAX : length > DRAIN_MAX) {
            throw new ProtocolException("option " + code + " with " + length + " bytes");
        }
        if (length > OPTION_BYTES_MAX) {
            input.skip(length);
            return fail(code, OptionReply.ERR_TOO_BIG, length + " bytes are too long for an option");
        }
        byte[] copy = new byte[(int) length];
        input.readFully(ByteBuffer.wrap(copy));
        OptionData data = new OptionData(ByteBuffer.wrap(copy));
        if (code == OptionType.ABORT.code()) {
            replies.ack(code);
            return Step.Next.END;
        }
        if (greeter.stopping().getAsBoolean()) {
            return Step.Next.END;
        }
        Optional<Step> refusing = refused(code);
        if (refusing.isPresent()) {
            return refusing.get();
        }
        if (known.isEmpty()) {
            return fail(code, OptionReply.ERR_UNSUP, "option " + code + " is not known");
        }
        try {
            return answer(known.get(), data);
        } catch (InvalidOptionException e) {
            if (known.get() == OptionType.EXPORT_NAME) {
                throw new ProtocolException("EXPORT_NAME: " + e.getMessage());
            }
            return fail(code, OptionReply.ERR_INVALID, String.valueOf(e.getMessage()));
        } catch (ExportException e) {
            if (known.get() == OptionType.GO || known.get() == OptionType.EXPORT_NAME) {
                refused.accept(e.details());
            }
            return fail(code, e.reply(), e.text());
        }
    }

    /** Refuses any option if this client is not served at all, or not without encryption; else returns empty. */
    private Optional<Step> refused(int code) throws IOException {
        if (refusal != null) {
            return Optional.of(fail(code, OptionReply.ERR_POLICY, refusal));
        }
        if (greeter.tlsRequired() && !transport.encrypted() && code != OptionType.STARTTLS.code()) {
            String why = "this server serves encrypted clients only";
            refused.accept(why);
            return Optional.of(fail(code, OptionReply.ERR_TLS_REQD, why));
        }
        return Optional.empty();
    }

    private Step answer(OptionType type, OptionData data) throws IOException, InvalidOptionException, ExportException {
        return switch (type) {
            case EXPORT_NAME -> exportName(data.rest());
            case ABORT -> Step.Next.END;
            case LIST -> list(data);
            case STARTTLS -> startTls(data);
            case INFO, GO -> infoOrGo(type, data);
            case STRUCTURED_REPLY -> structuredReply(data);
            case EXTENDED_HEADERS -> extendedHeaders(data);
            case LIST_META_CONTEXT, SET_META_CONTEXT -> metaContext(type, data);
        };
    }

    private Step exportName(String name) throws IOException, ExportException {
        if (extended) {
            throw new ProtocolException("EXPORT_NAME after extended headers");
        }
        Export export = enter(name);
        replies.exportName(export.size(), flags(export), zeroes);
        replies.send();
        return new Step.Transmit(negotiated(export));
    }

    private Step list(OptionData data) throws IOException, InvalidOptionException, ExportException {
        data.end();
        if (++listings > LISTINGS_MAX) {
            throw new ProtocolException("too many listings");
        }
        if (!greeter.lists()) {
            return fail(OptionType.LIST.code(), OptionReply.ERR_POLICY, "this server does not list its exports");
        }
        greeter.exports().list(transport.certificate(), name -> replies.server(OptionType.LIST.code(), name));
        replies.ack(OptionType.LIST.code());
        return Step.Next.OPTION;
    }

    private Step startTls(OptionData data) throws IOException, InvalidOptionException {
        int code = OptionType.STARTTLS.code();
        data.end();
        if (transport.encrypted()) {
            return fail(code, OptionReply.ERR_INVALID, "the connection is encrypted already");
        }
        if (greeter.tls().isEmpty()) {
            return fail(code, OptionReply.ERR_POLICY, "this server has no TLS certificate");
        }
        replies.ack(code);
        return new Step.Encrypt(greeter.tls().get());
    }

    private void encrypt(TlsIdentity identity) throws IOException {
        if (input.available() > 0) {
            throw new ProtocolException("unencrypted bytes after STARTTLS");
        }
        structured = false;
        extended = false;
        metaContextExport = null;
        transport.startTls(identity);
    }

    private Step infoOrGo(OptionType type, OptionData data)
            throws IOException, InvalidOptionException, ExportException {
        String name = data.string();
        int requests = data.uint16();
        boolean wantsName = false;
        boolean wantsBlockSize = false;
        for (int i = 0; i < requests; i++) {
            int info = data.uint16();
            wantsName |= info == Wire.INFO_NAME;
            wantsBlockSize |= info == Wire.INFO_BLOCK_SIZE;
        }
        data.end();
        Export export = type == OptionType.GO ? enter(name) : open(name);
        int code = type.code();
        replies.infoExport(code, export.size(), flags(export));
        if (wantsName && Text.fits(export.name())) {
            replies.infoName(code, export.name());
        }
        if (wantsBlockSize || export.sectorSize() > 1) {
            replies.infoBlockSize(code, export.sectorSize(), Export.PREFERRED_BLOCK, Wire.PAYLOAD_MAX);
        }
        replies.ack(code);
        replies.send();
        if (type == OptionType.GO) {
            return new Step.Transmit(negotiated(export));
        }
        closeOpened();
        return Step.Next.OPTION;
    }

    private Step structuredReply(OptionData data) throws IOException, InvalidOptionException {
        int code = OptionType.STRUCTURED_REPLY.code();
        data.end();
        if (extended) {
            return fail(code, OptionReply.ERR_EXT_HEADER_REQD, "extended headers are in use already");
        }
        structured = true;
        replies.ack(code);
        return Step.Next.OPTION;
    }

    private Step extendedHeaders(OptionData data) throws IOException, InvalidOptionException {
        data.end();
        extended = true;
        replies.ack(OptionType.EXTENDED_HEADERS.code());
        return Step.Next.OPTION;
    }

    private Step metaContext(OptionType type, OptionData data)
            throws IOException, InvalidOptionException, ExportException {
        boolean select = type == OptionType.SET_META_CONTEXT;
        if (select) {
            metaContextExport = null;
        }
        if (!structured && !extended) {
            throw new InvalidOptionException("metadata contexts need structured replies first");
        }
        String name = data.string();
        long queries = data.uint32();
        boolean found = !select && queries == 0;
        for (long i = 0; i < queries; i++) {
            String query = data.string();
            found |= query.equals(Wire.BASE_ALLOCATION) || (!select && query.equals("base:"));
        }
        data.end();
        Export export = open(name);
        closeOpened();
        if (found) {
            replies.metaContext(type.code(), select ? Wire.BASE_ALLOCATION_ID : 0, Wire.BASE_ALLOCATION);
            metaContextExport = select ? export.name() : metaContextExport;
        }
        replies.ack(type.code());
        return Step.Next.OPTION;
    }

    private Negotiated negotiated(Export export) {
        ReplyFormat format = extended ? ReplyFormat.EXTENDED : structured ? ReplyFormat.STRUCTURED : ReplyFormat.SIMPLE;
        return new Negotiated(export, format, export.name().equals(metaContextExport));
    }

    private int flags(Export export) {
        return export.transmissionFlags()
                | (structured || extended ? Wire.TRANSMIT_SEND_DF : 0)
                | (extended && export.name().equals(metaContextExport) ? Wire.TRANSMIT_BLOCK_STATUS_PAYLOAD : 0);
    }

    private Step fail(int code, OptionReply reply, String message) throws IOException {
        if (code == OptionType.EXPORT_NAME.code()) {
            throw new RefusedException(message);
        }
        failures++;
        replies.error(code, reply, message);
        return Step.Next.OPTION;
    }

    /** What comes after an option. */
    private sealed interface Step {
        enum Next implements Step {
            /** The next option. */
            OPTION,
            /** Nothing: the client is done. */
            END
        }

        record Encrypt(TlsIdentity identity) implements Step {}

        record Transmit(Negotiated negotiated) implements Step {}
    }
}
