package io.holdfast.btree;

import java.util.Set;

/**
 * What a batch mends beside its changes.
 *
 * @param merged blocks of patches whose node can be read again: their changes go into it
 * @param opened blocks of nodes on the way there
 */
public record Mending(Set<Long> merged, Set<Long> opened) {
    public static final Mending NOTHING = new Mending(Set.of(), Set.of());

    public boolean isNothing() {
        return merged.isEmpty();
    }
}
