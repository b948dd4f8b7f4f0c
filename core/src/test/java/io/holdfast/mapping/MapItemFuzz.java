package io.holdfast.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.format.BlockPointer;
import io.holdfast.format.Item;
import io.holdfast.format.MapEntry;
import io.holdfast.fuzz.FuzzTarget;
import java.util.Arrays;
import java.util.List;

/** The items of block maps: the root of a map, and a subtree that is being freed. */
public final class MapItemFuzz implements FuzzTarget {
    private static final int DEAD_KEY_BYTES = 17;

    @Override
    public void run(byte[] input) {
        root(input);
        int at = Math.min(DEAD_KEY_BYTES, input.length);
        dead(Arrays.copyOf(input, at), Arrays.copyOfRange(input, at, input.length));
    }

    private static void root(byte[] value) {
        try {
            assertThat(MapRoot.decode(value, 1).encode()).isEqualTo(value);
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    private static void dead(byte[] key, byte[] value) {
        if (!MapItems.isDeadKey(key)) {
            return;
        }
        try {
            Item item = MapItems.dead(MapItems.decodeDead(key, value));
            assertThat(item.key()).isEqualTo(key);
            assertThat(item.value()).isEqualTo(value);
        } catch (HoldfastException e) {
            // Refused.
        }
    }

    @Override
    public List<byte[]> seeds() {
        Item dead = MapItems.dead(new MapItems.DeadTree(12, new BlockPointer(5000, 77), 3));
        byte[] both = Arrays.copyOf(dead.key(), 34);
        System.arraycopy(dead.value(), 0, both, DEAD_KEY_BYTES, DEAD_KEY_BYTES);
        return List.of(
                both,
                MapRoot.EMPTY.encode(),
                new MapRoot(MapEntry.word(MapEntry.NODE, 500), 6, 300, 20, 2).encode(),
                new MapRoot(MapEntry.word(MapEntry.UNWRITTEN, 0), 0, 0, 0, 7).encode());
    }
}
