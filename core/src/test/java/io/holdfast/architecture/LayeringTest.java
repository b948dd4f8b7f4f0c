package io.holdfast.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;

/** Holds the code to docs/ARCHITECTURE.md: the layers, and what a deterministic simulation of the engine needs. */
class LayeringTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.holdfast");

    /** Each package with what it may use; everything may use error, inject, and the value types of the public API. */
    private static final Map<String, List<String>> USES = Map.ofEntries(
            Map.entry("error", List.of()),
            Map.entry("inject", List.of()),
            Map.entry("checksum", List.of()),
            Map.entry("device", List.of("checksum")),
            Map.entry("storage", List.of("device", "checksum")),
            Map.entry("storage.btree", List.of("storage")),
            Map.entry("format", List.of("storage", "device", "checksum")),
            Map.entry("space", List.of("format", "storage", "device", "checksum")),
            Map.entry("log", List.of("space", "format", "storage", "device", "checksum")),
            Map.entry("mapping", List.of("space", "format", "storage")),
            Map.entry("metadata", List.of("log", "space", "format", "storage", "storage.btree")),
            Map.entry("namespace", List.of("storage")),
            Map.entry(
                    "checkpoint",
                    List.of(
                            "log",
                            "mapping",
                            "metadata",
                            "space",
                            "format",
                            "storage",
                            "storage.btree",
                            "device",
                            "checksum")),
            Map.entry(
                    "file",
                    List.of(
                            "checkpoint",
                            "log",
                            "mapping",
                            "namespace",
                            "space",
                            "format",
                            "storage",
                            "device",
                            "checksum",
                            "metadata")),
            Map.entry(
                    "check",
                    List.of(
                            "checkpoint",
                            "log",
                            "mapping",
                            "namespace",
                            "space",
                            "format",
                            "storage",
                            "storage.btree",
                            "device",
                            "checksum",
                            "metadata")));

    private static final List<String> ASSEMBLY =
            List.of("StoredVolume", "VolumeOpening", "GuardedFile", "VolumeOnDevice");

    @Test
    void layersUseOnlyWhatIsBelowThem() {
        USES.forEach((name, below) -> {
            String own = "io.holdfast." + name;
            for (JavaClass javaClass : CLASSES) {
                if (!javaClass.getPackageName().equals(own)) {
                    continue;
                }
                javaClass.getDirectDependenciesFromSelf().stream()
                        .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                        .filter(target -> target.getPackageName().startsWith("io.holdfast."))
                        .forEach(target -> assertThat(allowed(own, below, target))
                                .as("%s may use %s", javaClass.getName(), target.getName())
                                .isTrue());
            }
        });
    }

    private static boolean allowed(String own, List<String> below, JavaClass target) {
        String used = target.getPackageName();
        if (used.equals(own) || used.equals("io.holdfast.error") || used.equals("io.holdfast.inject")) {
            return true;
        }
        if (used.equals("io.holdfast.volume")) {
            return ASSEMBLY.stream().noneMatch(name -> target.getName().startsWith("io.holdfast.volume." + name));
        }
        return below.contains(used.substring("io.holdfast.".length()));
    }

    @Test
    void everyPackageOfTheEngineHasItsPlace() {
        for (JavaClass javaClass : CLASSES) {
            String name = javaClass.getPackageName().substring("io.holdfast.".length());
            assertThat(USES.containsKey(name) || name.equals("volume")).as(name).isTrue();
        }
    }

    @Test
    void nothingLocksByMonitor() {
        for (JavaClass javaClass : CLASSES) {
            for (JavaMethod method : javaClass.getMethods()) {
                assertThat(method.getModifiers()).as(method.getFullName()).doesNotContain(JavaModifier.SYNCHRONIZED);
            }
        }
        noClasses()
                .should()
                .callMethod(Object.class, "wait")
                .orShould()
                .callMethod(Object.class, "notifyAll")
                .check(CLASSES);
    }

    @Test
    void timeAndChanceAreHandedIn() {
        noClasses()
                .should()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(ThreadLocalRandom.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .orShould()
                .callMethod(ForkJoinPool.class, "commonPool")
                .check(CLASSES);
    }

    @Test
    void nobodyWaitsForTimeButByTiming() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("io.holdfast.storage.Timing$1")
                .should()
                .callMethod(Condition.class, "awaitNanos", long.class)
                .orShould()
                .callMethod(Condition.class, "await", long.class, TimeUnit.class)
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .check(CLASSES);
    }

    @Test
    void onlySealedOrLentMemoryReachesADevice() {
        classes()
                .that()
                .haveFullyQualifiedName("io.holdfast.device.LentBuffer")
                .should()
                .onlyBeAccessed()
                .byAnyPackage("io.holdfast.device", "io.holdfast.log", "io.holdfast.file")
                .check(CLASSES);
    }
}
