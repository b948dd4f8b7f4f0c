package io.holdfast.sim.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The names in one directory, which one owner changes, one call at a time.
 *
 * <p>Changes are atomic and ordered: after a crash the directory is as it was after some of its changes, and not before
 * the last durable one.
 */
public final class Folder {
    /**
     * What a name leads to.
     *
     * @param file null for a directory
     */
    public record Node(@Nullable FileModel file) {
        public boolean isDirectory() {
            return file == null;
        }
    }

    private record State(long tick, Map<String, Node> names) {}

    private final String path;
    private final Ticks ticks;
    private final List<State> history = new ArrayList<>();
    private @Nullable Map<String, Node> pending;

    public Folder(String path, Ticks ticks) {
        this.path = path;
        this.ticks = ticks;
        history.add(new State(ticks.next(), Map.of()));
    }

    public String path() {
        return path;
    }

    public String pathOf(String name) {
        return path.equals("/") ? "/" + name : path + "/" + name;
    }

    /** Returns the names now. */
    public Map<String, Node> names() {
        return history.getLast().names();
    }

    /** A change begins. */
    public void begin(Consumer<Map<String, Node>> change) {
        Map<String, Node> next = new TreeMap<>(names());
        change.accept(next);
        pending = next;
    }

    public void done() {
        Map<String, Node> next = pending;
        if (next == null) {
            throw new IllegalStateException("nothing was begun");
        }
        history.add(new State(ticks.next(), next));
        pending = null;
    }

    /** The change was refused; nothing of it may be there. */
    public void refused() {
        pending = null;
    }

    /** A flush succeeded that began at {@code start}. */
    public void flushed(long start) {
        while (history.size() > 1 && history.get(1).tick() < start) {
            history.removeFirst();
        }
    }

    /** Tells whether a name is, by its inode and kind, what the model says. */
    public interface Same {
        boolean is(String name, Node node);
    }

    /** Returns the state that the directory is in after a crash, and goes on from it. */
    public void afterCrash(Iterable<String> found, Same same) {
        List<Map<String, Node>> possible = new ArrayList<>();
        history.forEach(state -> possible.add(state.names()));
        Map<String, Node> next = pending;
        if (next != null) {
            possible.add(next);
        }
        List<String> names = new ArrayList<>();
        found.forEach(names::add);
        for (Map<String, Node> state : possible.reversed()) {
            if (state.keySet().equals(java.util.Set.copyOf(names))
                    && state.entrySet().stream().allMatch(e -> same.is(e.getKey(), e.getValue()))) {
                settle(state);
                return;
            }
        }
        throw new ViolationException("%s: after a crash it has %s; it may be as in one of %s"
                .formatted(path, names, possible.stream().map(Map::keySet).toList()));
    }

    /** Takes a state for the truth. */
    public void settle(Map<String, Node> names) {
        pending = null;
        history.clear();
        history.add(new State(ticks.next(), names));
    }
}
