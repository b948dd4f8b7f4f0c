package io.holdfast.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.DirectoryEntry;
import java.util.List;
import org.junit.jupiter.api.Test;

class LargeDirectoryTest extends NamespaceFixture {
    private static final int ENTRIES = 100_000;
    private static final int PAGE = 777;

    @Test
    void oneHundredThousandEntries() throws HoldfastException {
        mkdir("/big");
        for (int i = 0; i < ENTRIES; i++) {
            create(path(i));
        }
        volumeIsClean();
        for (int i = 0; i < ENTRIES; i += 101) {
            assertThat(record(path(i)).links()).isOne();
        }
        String after = "";
        int seen = 0;
        while (true) {
            List<DirectoryEntry> page = names.list("/big", after, PAGE);
            assertThat(page).hasSizeLessThanOrEqualTo(PAGE);
            if (page.isEmpty()) {
                break;
            }
            for (DirectoryEntry entry : page) {
                assertThat(entry.name()).isGreaterThan(after);
                after = entry.name();
                seen++;
            }
        }
        assertThat(seen).isEqualTo(ENTRIES);
        for (int i = 0; i < ENTRIES; i++) {
            names.remove(path(i));
        }
        names.remove("/big");
        assertThat(unlinked).hasSize(ENTRIES);
        assertThat(list("/")).isEmpty();
    }

    private static String path(int i) {
        // Not in order, so that creation inserts everywhere.
        return "/big/file-%06d".formatted((int) (i * 7919L % ENTRIES));
    }
}
