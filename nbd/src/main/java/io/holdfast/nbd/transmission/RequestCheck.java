package io.holdfast.nbd.transmission;

import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.handshake.Negotiated;
import io.holdfast.nbd.protocol.CommandType;
import io.holdfast.nbd.protocol.NbdError;
import io.holdfast.nbd.protocol.Request;
import io.holdfast.nbd.protocol.Wire;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides from the header alone whether a request can be served (sections «Request types», «Error values»). */
final class RequestCheck {
    private RequestCheck() {}

    /** Why a request is answered with an error. */
    record Rejection(NbdError error, String message) {}

    /** Returns why the request is rejected, or null if it is not. */
    static @Nullable Rejection check(Request request, Negotiated negotiated) {
        Optional<CommandType> type = CommandType.of(request.type());
        if (type.isEmpty()) {
            return invalid("command " + request.type() + " is not known");
        }
        CommandType command = type.get();
        if (!command.allows(request.flags())
                || (request.has(Wire.FLAG_PAYLOAD_LEN) && !request.extended())
                || (request.has(Wire.FLAG_DF) && !negotiated.format().chunked())) {
            return invalid("flags 0x" + Integer.toHexString(request.flags()) + " do not go with " + command);
        }
        if (command.writes() && negotiated.export().readOnly()) {
            return new Rejection(NbdError.EPERM, "the export is read-only");
        }
        return switch (command) {
            case FLUSH, DISC -> null;
            case READ -> checkRead(request, negotiated);
            case WRITE -> checkWrite(request, negotiated.export());
            case WRITE_ZEROES -> checkRange(request, negotiated.export(), NbdError.ENOSPC);
            case TRIM, CACHE -> checkRange(request, negotiated.export(), NbdError.EINVAL);
            case BLOCK_STATUS -> checkBlockStatus(request, negotiated);
        };
    }

    private static @Nullable Rejection checkRead(Request request, Negotiated negotiated) {
        if (Long.compareUnsigned(request.length(), Wire.PAYLOAD_MAX) > 0) {
            NbdError error = negotiated.format().chunked() ? NbdError.EOVERFLOW : NbdError.EINVAL;
            return new Rejection(error, "a read has at most " + Wire.PAYLOAD_MAX + " bytes");
        }
        return checkRange(request, negotiated.export(), NbdError.EINVAL);
    }

    private static @Nullable Rejection checkWrite(Request request, Export export) {
        if (Long.compareUnsigned(request.length(), Wire.PAYLOAD_MAX) > 0) {
            return invalid("a write has at most " + Wire.PAYLOAD_MAX + " bytes");
        }
        return checkRange(request, export, NbdError.ENOSPC);
    }

    private static @Nullable Rejection checkBlockStatus(Request request, Negotiated negotiated) {
        if (!negotiated.blockStatus()) {
            return invalid("no metadata context was selected");
        }
        if (request.length() == 0) {
            return invalid("block status of no bytes");
        }
        return checkRange(request, negotiated.export(), NbdError.EINVAL);
    }

    /**
     * Compares without computing offset + length, which could wrap. The file may be smaller by now than the size
     * announced to the client; the engine checks again when the request takes effect.
     */
    private static @Nullable Rejection checkRange(Request request, Export export, NbdError error) {
        long offset = request.offset();
        if (((offset | request.length()) & (export.sectorSize() - 1)) != 0) {
            return invalid(Long.toUnsignedString(request.length()) + " bytes at " + Long.toUnsignedString(offset)
                    + " are not whole sectors of " + export.sectorSize() + " bytes");
        }
        long size = export.sizeNow();
        if (Long.compareUnsigned(offset, size) > 0 || Long.compareUnsigned(request.length(), size - offset) > 0) {
            return new Rejection(
                    error,
                    Long.toUnsignedString(request.length()) + " bytes at " + Long.toUnsignedString(offset)
                            + " reach beyond the end of the export at " + size);
        }
        return null;
    }

    private static Rejection invalid(String message) {
        return new Rejection(NbdError.EINVAL, message);
    }
}
