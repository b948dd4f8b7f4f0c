package io.holdfast.fuzz;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each fuzz target of a module with its seeds and a short run; {@code ./dev fuzz} runs them as long as one likes. */
public abstract class FuzzTargetsTest {
    @TestFactory
    protected Stream<DynamicTest> targets() throws IOException {
        return Targets.beside(getClass()).stream()
                .map(target -> DynamicTest.dynamicTest(Targets.name(target), () -> new ShortRun(target).run()));
    }
}
