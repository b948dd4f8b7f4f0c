package io.holdfast.linux;

import java.io.IOException;
import java.util.Optional;

/** Whether this virtual machine can call the system. */
final class Native {
    private Native() {}

    /** What calls the system. */
    interface Call<T> {
        T run() throws IOException;
    }

    /** Returns what {@code call} returns; empty on another system than Linux, or where the virtual machine lets us call nothing. */
    static <T> Optional<T> call(Call<T> call) throws IOException {
        if (!"Linux".equals(System.getProperty("os.name"))) {
            return Optional.empty();
        }
        try {
            return Optional.of(call.run());
        } catch (LinkageError | IllegalCallerException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }
}
