package io.holdfast.sim.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

/** Nothing in a door that the simulator runs waits by the machine's clock, or makes threads of its own kind. */
class SimulatedDoorTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            // The tests of the modules below may be a jar of their own.
            .withImportOption(location -> !location.contains("/test-classes/") && !location.contains("-tests.jar"))
            .importPackages("io.holdfast.door", "io.holdfast.nbd");

    /** What accepts from sockets is outside the simulation. */
    private static final String SOCKETS = "io\\.holdfast\\.(door\\.AcceptLoop|nbd\\.NbdServer)(\\$.*)?";

    @Test
    void nobodyWaitsForTimeButByTiming() {
        noClasses()
                .that()
                .haveNameNotMatching(SOCKETS)
                .should()
                .callMethod(Condition.class, "awaitNanos", long.class)
                .orShould()
                .callMethod(Condition.class, "await", long.class, TimeUnit.class)
                .orShould()
                .callMethod(ReentrantLock.class, "tryLock", long.class, TimeUnit.class)
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Thread.class, "join", Duration.class)
                .check(CLASSES);
    }

    @Test
    void threadsAreOfTheCallersKind() {
        noClasses()
                .that()
                .haveNameNotMatching(SOCKETS)
                .should()
                .callMethod(Thread.class, "ofPlatform")
                .orShould()
                .callMethod(Thread.class, "ofVirtual")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(ExecutorService.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(ThreadLocalRandom.class)
                .check(CLASSES);
    }
}
