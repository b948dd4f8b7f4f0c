import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.regex.Pattern;

/**
 * Drops the native libraries of other machines from jars that have them for many. A package is for one kind of machine.
 *
 * <p>Usage: java OneMachine.java JAR …
 */
final class OneMachine {
    private static final Pattern NATIVE = Pattern.compile("[a-z]+/[a-z0-9_]+/lib[^/]*\\.(so|dylib|dll)");
    private static final String HERE = "linux/" + System.getProperty("os.arch") + "/";

    public static void main(String[] jars) throws IOException {
        for (String name : jars) {
            Path path = Path.of(name);
            Path changed = path.resolveSibling(path.getFileName() + ".new");
            boolean kept;
            try (JarFile jar = new JarFile(path.toFile());
                    JarOutputStream out = new JarOutputStream(Files.newOutputStream(changed))) {
                kept = copy(jar, out);
            }
            if (!kept) {
                Files.delete(changed);
                throw new IOException(name + " has no library in " + HERE);
            }
            Files.move(changed, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Returns whether a library of this machine is among what was copied. */
    private static boolean copy(JarFile jar, JarOutputStream out) throws IOException {
        boolean kept = false;
        Enumeration<JarEntry> entries = jar.entries();
        while (entries.hasMoreElements()) {
            JarEntry entry = entries.nextElement();
            boolean library = NATIVE.matcher(entry.getName()).matches();
            if (library && !entry.getName().startsWith(HERE)) {
                continue;
            }
            kept |= library;
            JarEntry copy = new JarEntry(entry.getName());
            copy.setTime(entry.getTime());
            out.putNextEntry(copy);
            try (InputStream in = jar.getInputStream(entry)) {
                in.transferTo(out);
            }
            out.closeEntry();
        }
        return kept;
    }
}
