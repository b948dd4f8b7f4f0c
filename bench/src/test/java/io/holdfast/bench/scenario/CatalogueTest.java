package io.holdfast.bench.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.bench.peer.PeerSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogueTest {
    @Test
    void namesAreDifferentAndFitTheCommandLine() {
        assertThat(Catalogue.all().stream().map(Scenario::name))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z0-9-]+"));
        assertThat(Catalogue.all().stream().map(Scenario::name))
                .containsAll(Catalogue.quick().stream().map(Scenario::name).toList());
    }

    @Test
    void whoAGoalComparesWithTakesPart() {
        for (Scenario scenario : Catalogue.all()) {
            if (scenario instanceof FioScenario fio) {
                List<String> named = PeerSet.names().stream()
                        .filter(peer -> Goals.mentions(fio.goals(), peer))
                        .toList();
                assertThat(fio.participants()).as(fio.name()).containsAll(named).contains(PeerSet.HOLDFAST);
                assertThat(PeerSet.names()).containsAll(fio.participants());
            }
        }
    }
}
