package io.holdfast.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.btree.Generator;
import io.holdfast.error.HoldfastException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@link DirectoryCursor} promises, for any directory: files are added, removed and renamed between its steps, and what it
 * returns is compared with what was there from its beginning to its end, and with what was ever there.
 */
public final class CursorProperty {
    private static final int NAMES_MAX = 700;
    private static final int ROUNDS = 4;
    private static final Comparator<String> BYTE_ORDER =
            Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private final Directory directory;
    private final Generator random;
    /** What is there now. */
    private final TreeSet<String> present = new TreeSet<>(BYTE_ORDER);
    /** What was there all the time since the cursor began. */
    private final Set<String> always = new HashSet<>();
    /** What was there at any time since then. */
    private final Set<String> ever = new HashSet<>();

    /** An empty directory. */
    public interface Directory {
        DirectoryCursor cursor();

        void add(String name) throws HoldfastException;

        void remove(String name) throws HoldfastException;

        void rename(String from, String to) throws HoldfastException;
    }

    private CursorProperty(Directory directory, long seed) {
        this.directory = directory;
        this.random = new Generator(seed);
    }

    /** Checks all of it with random changes; empties the directory at the end. */
    public static void check(Directory directory, long seed) throws HoldfastException {
        new CursorProperty(directory, seed).run();
    }

    private void run() throws HoldfastException {
        for (int round = 0; round < ROUNDS; round++) {
            int names = random.pick(0, 3, 100, NAMES_MAX);
            while (present.size() < names) {
                add(name());
            }
            while (present.size() > names) {
                remove(present.first());
            }
            goThrough(random.pick(1, 5, 1000));
        }
        while (!present.isEmpty()) {
            remove(present.first());
        }
    }

    /** @param quiet a change comes with one of so many steps */
    private void goThrough(int quiet) throws HoldfastException {
        always.clear();
        always.addAll(present);
        ever.clear();
        ever.addAll(present);
        Map<String, Integer> seen = new HashMap<>();
        String last = DirectoryCursor.START;
        DirectoryCursor cursor = directory.cursor();
        while (true) {
            Optional<DirectoryEntry> entry = cursor.next();
            if (entry.isEmpty()) {
                break;
            }
            String name = entry.get().name();
            assertThat(seen.merge(name, 1, Integer::sum)).as("times %s", name).isEqualTo(1);
            assertThat(BYTE_ORDER.compare(last, name))
                    .as("%s before %s", last, name)
                    .isNegative();
            assertThat(ever).contains(name);
            assertThat(cursor.position()).isEqualTo(name);
            last = name;
            if (random.oneIn(quiet)) {
                change();
            }
            if (random.oneIn(40)) {
                cursor = elsewhere(cursor);
            }
        }
        assertThat(seen.keySet()).containsAll(always);
    }

    /** Goes on from the position: in this cursor, in another one, or back and forth. */
    private DirectoryCursor elsewhere(DirectoryCursor cursor) throws HoldfastException {
        String position = cursor.position();
        DirectoryCursor next = random.oneIn(2) ? cursor : directory.cursor();
        if (random.oneIn(2)) {
            next.seek(DirectoryCursor.START);
            next.next();
        }
        if (random.oneIn(4) && present.contains(position)) {
            // The name of the position itself is gone.
            remove(position);
        }
        next.seek(position);
        return next;
    }

    private void change() throws HoldfastException {
        String name = name();
        String other = name();
        if (!present.contains(name)) {
            if (present.size() < NAMES_MAX) {
                add(name);
            }
        } else if (random.oneIn(2)) {
            remove(name);
        } else if (!present.contains(other)) {
            directory.rename(name, other);
            removed(name);
            added(other);
        }
    }

    private void add(String name) throws HoldfastException {
        if (!present.contains(name)) {
            directory.add(name);
            added(name);
        }
    }

    private void remove(String name) throws HoldfastException {
        directory.remove(name);
        removed(name);
    }

    private void added(String name) {
        present.add(name);
        ever.add(name);
    }

    private void removed(String name) {
        present.remove(name);
        always.remove(name);
    }

    /** Names that lie close together, so that some come back, with characters of one to four bytes. */
    private String name() {
        return random.pick("a", "é", "漢", "\uD83D\uDE00", "a b") + random.between(0, NAMES_MAX / 3);
    }
}
