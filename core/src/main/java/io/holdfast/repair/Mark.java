package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.format.Superblock;

/** What the superblock says of the numbers of inodes. A checkpoint that does not know it takes it from the metadata tree. */
final class Mark implements Part {
    private final boolean wrong;

    Mark(CheckedVolume checked) {
        wrong = checked.hasAllItems()
                && checked.findings().stream().anyMatch(finding -> finding.fault() instanceof Fault.Mark);
    }

    /** Returns the superblock for the checkpoint to begin with. */
    Superblock correct(Superblock superblock) {
        return wrong ? superblock.withInodesBelow(0) : superblock;
    }

    @Override
    public void describe(Lines lines) {
        if (wrong) {
            lines.add(
                    "superblock",
                    Lines.NONE,
                    Lines.NONE,
                    "the number below which all inodes are becomes that of the metadata tree",
                    "");
        }
    }

    @Override
    public boolean mends(Fault fault) {
        return wrong && fault instanceof Fault.Mark;
    }
}
