package io.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The version of the program. The build writes it into a file from the one place where it stands: {@code revision} in pom.xml. */
public final class ProductVersion {
    private ProductVersion() {}

    /** Returns it, as in {@code 0.1.0}. */
    public static String get() {
        try (InputStream file = ProductVersion.class.getResourceAsStream("version.txt")) {
            return file == null ? "unknown" : new String(file.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }
}
