package io.holdfast.nbd.protocol;

import java.util.Optional;

/** The options a client can send in the handshake (section «Option types»). */
public enum OptionType {
    EXPORT_NAME(1),
    ABORT(2),
    LIST(3),
    STARTTLS(5),
    INFO(6),
    GO(7),
    STRUCTURED_REPLY(8),
    LIST_META_CONTEXT(9),
    SET_META_CONTEXT(10),
    EXTENDED_HEADERS(11);

    private final int code;

    OptionType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    public static Optional<OptionType> of(int code) {
        for (OptionType type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
