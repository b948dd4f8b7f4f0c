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
import java.util.ArrayList;
import java.util.List;
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

    /**
     * The packages from the bottom to the top, each with the packages it uses. What is above is not known below. The engine,
     * which puts the layers together, is on top.
     */
    private static final List<Layer> LAYERS = List.of(
            new Layer("error", ""),
            new Layer("inject", ""),
            new Layer("event", ""),
            new Layer("memory", ""),
            new Layer("checksum", "error"),
            new Layer("format", "error checksum"),
            new Layer("concurrent", ""),
            new Layer("device", "error inject event checksum format concurrent"),
            new Layer("failure", "error inject concurrent device"),
            new Layer("store", "error event format device"),
            new Layer("node", "error inject checksum format device store"),
            new Layer("btree", "error inject format node"),
            new Layer("space", "error inject event checksum format device node"),
            new Layer("log", "error inject event checksum format device failure store space"),
            new Layer("metadata", "error format node btree space log"),
            new Layer("mapping", "error inject format node space metadata"),
            new Layer(
                    "checkpoint",
                    "error inject event memory checksum format concurrent device failure store node btree space log metadata mapping"),
            new Layer("volume", "error concurrent"),
            new Layer("background", "error inject concurrent device volume"),
            new Layer("namespace", "error format metadata volume"),
            new Layer(
                    "file",
                    "error inject event checksum format concurrent device failure store space log metadata mapping checkpoint volume background namespace"),
            new Layer(
                    "check",
                    "error inject checksum format concurrent device store node btree space log metadata mapping checkpoint volume background namespace"),
            new Layer(
                    "repair",
                    "error format device node btree space metadata mapping checkpoint volume namespace check"),
            new Layer(
                    "engine",
                    "error inject event memory checksum format concurrent device failure store node btree space log metadata mapping checkpoint volume background namespace file check repair"));

    /** A package and what it may use. */
    private record Layer(String name, List<String> uses) {
        Layer(String name, String uses) {
            this(name, uses.isEmpty() ? List.of() : List.of(uses.split(" ")));
        }
    }

    @Test
    void layersUseOnlyWhatIsBelowThem() {
        for (Layer layer : LAYERS) {
            for (JavaClass javaClass : CLASSES) {
                if (!packageOf(javaClass).equals(layer.name())) {
                    continue;
                }
                javaClass.getDirectDependenciesFromSelf().stream()
                        .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                        .filter(target -> target.getPackageName().startsWith("io.holdfast."))
                        .filter(target -> !packageOf(target).equals(layer.name()))
                        .forEach(target -> assertThat(layer.uses())
                                .as("what %s uses: %s", javaClass.getName(), target.getName())
                                .contains(packageOf(target)));
            }
        }
    }

    @Test
    void noArrowRunsBackUp() {
        List<String> below = new ArrayList<>();
        for (Layer layer : LAYERS) {
            assertThat(below).as("what is below %s", layer.name()).containsAll(layer.uses());
            below.add(layer.name());
        }
    }

    @Test
    void everyPackageOfTheEngineHasItsPlace() {
        List<String> names = LAYERS.stream().map(Layer::name).toList();
        for (JavaClass javaClass : CLASSES) {
            assertThat(names).contains(packageOf(javaClass));
        }
    }

    private static String packageOf(JavaClass javaClass) {
        return javaClass.getPackageName().substring("io.holdfast.".length());
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
                .doNotHaveFullyQualifiedName("io.holdfast.concurrent.Timing$1")
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
