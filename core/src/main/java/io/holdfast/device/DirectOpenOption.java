package io.holdfast.device;

import java.nio.file.OpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The option that opens a file past the page cache, {@code com.sun.nio.file.ExtendedOpenOption.DIRECT}.
 *
 * <p>This class finds the option by its name, for two reasons. The option belongs to the JDK's supported extensions
 * ({@code jdk.unsupported}), not to Java, so a platform may lack it. And javac warns at every mention of it; the source
 * cannot accept that warning.
 */
final class DirectOpenOption {
    private static final @Nullable OpenOption OPTION = find();

    private DirectOpenOption() {}

    static Optional<OpenOption> get() {
        return Optional.ofNullable(OPTION);
    }

    private static @Nullable OpenOption find() {
        try {
            Object[] options =
                    Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants();
            for (Object option : options) {
                if (option instanceof OpenOption found && option.toString().equals("DIRECT")) {
                    return found;
                }
            }
            return null;
        } catch (ClassNotFoundException _) {
            return null;
        }
    }
}
