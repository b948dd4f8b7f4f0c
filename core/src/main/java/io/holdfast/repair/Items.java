package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.error.HoldfastException;
import io.holdfast.format.Item;
import io.holdfast.namespace.ItemFault;
import io.holdfast.namespace.ItemRepairs;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/** Items without an owner, names that lead nowhere, and wrong link counts. Nothing is touched unless the whole metadata tree could be read. */
final class Items implements Part {
    private final boolean whole;
    private final ItemRepairs.Result result;
    /** The log has what makes the items right. */
    private final boolean mendedByLog;

    Items(RepairSource volume, CheckedVolume checked) throws HoldfastException {
        whole = checked.hasAllItems();
        boolean any = checked.findings().stream().anyMatch(finding -> finding.fault() instanceof Fault.Items);
        result = whole && any
                ? new ItemRepairs(volume.items(), new MapReading(volume), volume.now()).plan()
                : new ItemRepairs.Result(List.of(), new TreeMap<>(Arrays::compareUnsigned), Set.of(), false);
        mendedByLog =
                result.mended().isEmpty() && checked.findings().stream().anyMatch(finding -> mends(finding.fault()));
    }

    /** Adds the changes of items. */
    void change(NavigableMap<byte[], Item> items) {
        items.putAll(result.changes());
    }

    @Override
    public void describe(Lines lines) {
        result.mended()
                .forEach(done -> lines.add(done.structure(), Lines.NONE, done.inode(), done.what(), done.loss()));
        if (result.more()) {
            lines.add(
                    "inode",
                    Lines.NONE,
                    Lines.NONE,
                    "as many items as one repair takes are mended; repair again for the others",
                    "");
        }
        if (mendedByLog) {
            lines.add(
                    "log record",
                    Lines.NONE,
                    Lines.NONE,
                    "the log has what makes the items right, and is brought into the trees",
                    "");
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return whole
                && fault instanceof Fault.Items items
                && !(items.fault() instanceof ItemFault.Other)
                && !result.remaining().contains(items.fault());
    }
}
