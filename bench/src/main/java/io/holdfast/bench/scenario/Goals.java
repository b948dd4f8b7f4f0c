package io.holdfast.bench.scenario;

import io.holdfast.bench.measure.Goal;
import java.util.List;

/** Questions about a scenario's goals. */
final class Goals {
    private Goals() {}

    static boolean mentions(List<Goal> goals, String who) {
        return goals.stream()
                .anyMatch(goal -> goal.who().equals(who)
                        || goal.against().filter(who::equals).isPresent());
    }
}
