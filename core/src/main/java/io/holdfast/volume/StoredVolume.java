package io.holdfast.volume;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.nio.file.Path;

/** Puts the layers of an open volume together. */
final class StoredVolume {
    private StoredVolume() {}

    @SuppressWarnings("DoNotCallSuggester")
    static void format(Path device, FormatOptions options) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "not built yet: " + device + options);
    }

    @SuppressWarnings("DoNotCallSuggester")
    static Volume open(Path device, OpenOptions options) throws HoldfastException {
        throw new HoldfastException(ErrorCode.UNSUPPORTED, "not built yet: " + device + options);
    }
}
