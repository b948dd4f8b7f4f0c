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
 * the last durable one. A call that meets the crash may have changed the directory although it threw: the log may have
 * had its change by then. Such a change stays open, and so does every one that begins after it.
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
    /** What the directory may be instead of {@link #names}, because of changes that are neither done nor refused. */
    private final List<Map<String, Node>> open = new ArrayList<>();

    /** How many of {@code open} the newest change has added. */
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

    /** Returns the names now. */
    public Map<String, Node> names() {
        return history.getLast().names();
    }

    /** A change begins. Those before it that are open may have happened or not. */
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

    /** The change that began is done. Behind one that is open it stays open: a crash is near, and nobody can tell. */
    public void done() {
        if (added == 0) {
            throw new IllegalStateException("nothing was begun");
        }
        if (open.size() == 1) {
            history.add(new State(ticks.next(), open.removeLast()));
        }
        added = 0;
    }

    /** The change was refused; nothing of it may be there. */
    public void refused() {
        open.subList(open.size() - added, open.size()).clear();
        added = 0;
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
