import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/**
 * Gives classes in the format of Java 5 the format of Java 8, with the stack maps that belong to it; jars without such
 * classes stay as they are. The script holdfast runs it after a build: the ahead-of-time cache takes no class that is
 * older than Java 6, and picocli has 200 of them, which took half of the time that a short command takes.
 *
 * <p>Usage: java UpgradeClasses.java JAR …
 */
final class UpgradeClasses {
    private final JarFile jar;
    private final ClassFile format;
    private int upgraded;

    private UpgradeClasses(JarFile jar) {
        this.jar = jar;
        ClassHierarchyResolver known =
                ClassHierarchyResolver.ofResourceParsing(this::open).orElse(ClassHierarchyResolver.defaultResolver());
        format = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS, ClassFile.ClassHierarchyResolverOption.of(known));
    }

    public static void main(String[] jars) throws IOException {
        for (String name : jars) {
            Path path = Path.of(name);
            Path changed = path.resolveSibling(path.getFileName() + ".new");
            int upgraded;
            try (JarFile jar = new JarFile(path.toFile());
                    JarOutputStream out = new JarOutputStream(Files.newOutputStream(changed))) {
                upgraded = new UpgradeClasses(jar).copyTo(out);
            }
            if (upgraded > 0) {
                Files.move(changed, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            } else {
                Files.delete(changed);
            }
        }
    }

    private int copyTo(JarOutputStream out) throws IOException {
        Enumeration<JarEntry> entries = jar.entries();
        while (entries.hasMoreElements()) {
            JarEntry entry = entries.nextElement();
            JarEntry copy = new JarEntry(entry.getName());
            copy.setTime(entry.getTime());
            out.putNextEntry(copy);
            try (InputStream in = jar.getInputStream(entry)) {
                byte[] content = in.readAllBytes();
                out.write(entry.getName().endsWith(".class") ? upgrade(content) : content);
            }
            out.closeEntry();
        }
        return upgraded;
    }

    private byte[] upgrade(byte[] content) {
        ClassModel model = format.parse(content);
        if (model.majorVersion() >= ClassFile.JAVA_6_VERSION) {
            return content;
        }
        upgraded++;
        // Code that is taken over element by element gets new stack maps.
        ClassTransform code = ClassTransform.transformingMethodBodies(CodeBuilder::with);
        ClassTransform version = (builder, element) ->
                builder.with(element instanceof ClassFileVersion ? ClassFileVersion.of(ClassFile.JAVA_8_VERSION, 0) : element);
        return format.transformClass(model, code.andThen(version));
    }

    private InputStream open(ClassDesc type) {
        String name = type.descriptorString();
        JarEntry entry = jar.getJarEntry(name.substring(1, name.length() - 1) + ".class");
        try {
            return entry == null ? null : jar.getInputStream(entry);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
