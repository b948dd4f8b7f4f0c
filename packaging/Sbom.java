import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes what a package consists of, as CycloneDX 1.6: every jar with its Maven coordinates, licence and SHA-256, and the Java runtime. A jar
 * whose licence is not known here is an error, so no library gets in without a look at its licence.
 *
 * <p>Usage: java Sbom.java LIB-FOLDER RUNTIME VERSION LIST OUTPUT, where LIST is the output of dependency:list.
 */
final class Sbom {
    private static final Map<String, String> LICENCES = new TreeMap<>(Map.of(
            "io.holdfast", "Apache-2.0",
            "com.dynatrace.hash4j", "Apache-2.0",
            "com.github.marianobarrios", "MIT",
            "info.picocli", "Apache-2.0",
            "me.tongfei", "MIT",
            "org.antlr", "BSD-3-Clause",
            "org.checkerframework", "MIT",
            "org.jline", "BSD-3-Clause",
            "org.jspecify", "Apache-2.0",
            "org.tomlj", "Apache-2.0"));

    static {
        LICENCES.put("tools.jackson.core", "Apache-2.0");
        LICENCES.put("com.fasterxml.jackson.core", "Apache-2.0");
        LICENCES.put("org.apache.commons", "Apache-2.0");
        LICENCES.put("commons-io", "Apache-2.0");
        LICENCES.put("org.tukaani", "0BSD");
        LICENCES.put("com.github.luben", "BSD-2-Clause");
    }

    public static void main(String[] args) throws Exception {
        Path lib = Path.of(args[0]);
        String version = args[2];
        Map<String, String[]> coordinates = coordinates(Path.of(args[3]));
        List<String> components = new ArrayList<>();
        List<Path> jars;
        try (Stream<Path> all = Files.list(lib)) {
            jars = all.sorted().toList();
        }
        for (Path jar : jars) {
            String name = jar.getFileName().toString();
            String[] gav = coordinates.get(name);
            String licence = gav == null ? null : LICENCES.get(gav[0]);
            if (licence == null) {
                throw new IOException(name + ": its licence is not known; look at it, and add it to packaging/Sbom.java, "
                        + "packaging/debian/copyright and packaging/licences");
            }
            components.add(component("library", gav[0], gav[1], gav[2], licence,
                    "pkg:maven/" + gav[0] + "/" + gav[1] + "@" + gav[2], sha256(jar)));
        }
        Properties release = new Properties();
        try (InputStream file = Files.newInputStream(Path.of(args[1], "release"))) {
            release.load(file);
        }
        String java = release.getProperty("JAVA_RUNTIME_VERSION", release.getProperty("JAVA_VERSION")).replace("\"", "");
        components.add(component("platform", "", "openjdk", java, "GPL-2.0-only WITH Classpath-exception-2.0",
                "pkg:generic/openjdk@" + java, sha256(Path.of(args[1], "lib", "modules"))));
        Files.writeString(Path.of(args[4]), """
                {
                  "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
                  "bomFormat": "CycloneDX",
                  "specVersion": "1.6",
                  "version": 1,
                  "metadata": {
                    "component": {"type": "application", "name": "holdfast", "version": "%s", "licenses": [{"license": {"id": "Apache-2.0"}}]}
                  },
                  "components": [
                %s
                  ]
                }
                """.formatted(version, String.join(",\n", components)));
    }

    /** Returns group, artifact and version by the name of the jar, from lines as group:artifact:jar:version:scope. */
    private static Map<String, String[]> coordinates(Path list) throws IOException {
        Map<String, String[]> found = new TreeMap<>();
        for (String line : Files.readAllLines(list)) {
            String[] parts = line.strip().split(" ")[0].split(":");
            if (parts.length >= 5) {
                found.put(parts[1] + "-" + parts[3] + ".jar", new String[] {parts[0], parts[1], parts[3]});
            }
        }
        return found;
    }

    private static String component(
            String type, String group, String name, String version, String licence, String purl, String hash) {
        String licenses = licence.contains(" ")
                ? "[{\"expression\": \"" + licence + "\"}]"
                : "[{\"license\": {\"id\": \"" + licence + "\"}}]";
        return "    {\"type\": \"" + type + "\", " + (group.isEmpty() ? "" : "\"group\": \"" + group + "\", ")
                + "\"name\": \"" + name + "\", \"version\": \"" + version + "\", \"purl\": \"" + purl + "\", \"licenses\": "
                + licenses + ", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"" + hash + "\"}]}";
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
}
