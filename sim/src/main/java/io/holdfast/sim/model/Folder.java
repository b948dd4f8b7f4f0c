package io.holdfast.sim.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The names in one directory. One owner changes them, one call at a time.
 *
 * <p>Changes are atomic and ordered: after a crash the directory shows a state that it had at or after its last durable
 * change. A call that throws in a crash may still have changed the directory, since its change may have reached the
 * log. Such a change stays open, and so does every later one.
 */
public final class Folder {
    /**
     * The object that a name leads to.
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
    /**
     * States that the directory may have instead of {@link #names}, because some changes are open: not known to be done
     * or refused.
     */
    private final List<Map<String, Node>> open = new ArrayList<>();

    /** How many states of {@code open} the newest change has added. */
    private int added;

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

    /** Returns the current names. */
    public Map<String, Node> names() {
        return history.getLast().names();
    }

    /** Begins a change. Earlier open changes may have happened or not. */
    public void begin(Consumer<Map<String, Node>> change) {
        List<Map<String, Node>> before = new ArrayList<>(open);
        before.addFirst(names());
        for (Map<String, Node> state : before) {
            Map<String, Node> next = new TreeMap<>(state);
            change.accept(next);
            open.add(next);
        }
        added = before.size();
    }

    /**
     * Records that the current change is done. If an earlier change is open, this one stays open too: the power is
     * failing, and it may have come too late.
     */
    public void done() {
        if (added == 0) {
            throw new IllegalStateException("nothing was begun");
        }
        if (open.size() == 1) {
            history.add(new State(ticks.next(), open.removeLast()));
        }
        added = 0;
    }

    /** Records that the change was refused and changed nothing. */
    public void refused() {
        open.subList(open.size() - added, open.size()).clear();
        added = 0;
    }

    /** Records a successful flush that began at {@code start}. */
    public void flushed(long start) {
        while (history.size() > 1 && history.get(1).tick() < start) {
            history.removeFirst();
        }
    }

    /** Tells whether a name leads, by inode and kind, to the object of the model. */
    public interface Same {
        boolean is(String name, Node node);
    }

    /** Finds the state that the directory has after a crash, and goes on from it. */
    public void afterCrash(Iterable<String> found, Same same) {
        List<Map<String, Node>> possible = new ArrayList<>();
        history.forEach(state -> possible.add(state.names()));
        possible.addAll(open);
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
        open.clear();
        added = 0;
        history.clear();
        history.add(new State(ticks.next(), names));
    }
}
