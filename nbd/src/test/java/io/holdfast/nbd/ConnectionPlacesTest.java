package io.holdfast.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.nbd.NbdExport.Limits;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConnectionPlacesTest {
    private static final String ONE = "unix:/run/one";
    private static final String TWO = "unix:/run/two";
    private static final String COMMON = "unix:/run/common";

    private static NbdExport at(String name, String socket, int connections) {
        return new NbdExport(
                "/" + name,
                name,
                false,
                false,
                new Limits(connections, 0, 0),
                Optional.of(NbdExport.OwnSocket.at(Path.of(socket.substring(5)))),
                List.of());
    }

    private static ConnectionPlaces places(int max, NbdExport... exports) {
        return new ConnectionPlaces(max, NbdAccess.ALL.withExports(List.of(exports)));
    }

    private static int fill(ConnectionPlaces places, String address) {
        int n = 0;
        while (places.enter(address).isEmpty()) {
            n++;
        }
        return n;
    }

    @Test
    void whoFillsOneSocketLeavesAPlaceToEachOther() {
        ConnectionPlaces places = places(10, at("a", ONE, 0), at("b", TWO, 0));
        assertThat(fill(places, ONE)).isEqualTo(9);
        assertThat(fill(places, COMMON)).isZero();
        assertThat(fill(places, TWO)).isEqualTo(1);
        assertThat(places.enter(TWO)).hasValueSatisfying(why -> assertThat(why).contains("its maximum of 10"));
        // The place of a socket is kept again when its last client has left.
        places.leave(TWO);
        assertThat(fill(places, ONE)).isZero();
        places.leave(ONE);
        assertThat(fill(places, COMMON)).isEqualTo(1);
        assertThat(fill(places, TWO)).isEqualTo(1);
    }

    @Test
    void aSocketTakesNoMoreThanItsExports() {
        ConnectionPlaces places = places(10, at("a", ONE, 2), at("b", ONE, 1), at("c", TWO, 1), at("d", TWO, 0));
        assertThat(fill(places, ONE)).isEqualTo(3);
        assertThat(places.enter(ONE)).hasValueSatisfying(why -> assertThat(why).contains("maximum of 3 connections"));
        assertThat(fill(places, TWO)).isEqualTo(7);
        places.leave(ONE);
        assertThat(fill(places, ONE)).isEqualTo(1);
    }

    @Test
    void withFewerPlacesThanSocketsTheFirstOnesGetThem() {
        ConnectionPlaces places = places(1, at("a", ONE, 0), at("b", TWO, 0));
        assertThat(fill(places, COMMON)).isEqualTo(1);
        places.leave(COMMON);
        assertThat(fill(places, TWO)).isEqualTo(1);
    }

    @Test
    void withoutOwnSocketsAllPlacesAreForAll() {
        assertThat(fill(places(10), COMMON)).isEqualTo(10);
    }
}
