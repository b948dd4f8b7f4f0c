package io.holdfast.engine;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.error.SizeText;
import io.holdfast.format.Block;
import io.holdfast.format.Layout;
import io.holdfast.memory.MemoryPlan;
import io.holdfast.space.SpaceMap;

/** The memory that a volume needs for its groups, whatever is in it. */
final class GroupMemory {
    private GroupMemory() {}

    /**
     * Refuses a volume whose group table is too large for the memory; else returns the plan with this table.
     *
     * @param device what messages call it
     * @throws HoldfastException {@code NO_MEMORY}
     */
    static MemoryPlan require(String device, Layout layout, MemoryPlan memory) throws HoldfastException {
        long needed = SpaceMap.tableBytes(layout);
        MemoryPlan plan = memory.withGroupTable(needed);
        if (!plan.isEnough()) {
            throw new HoldfastException(
                    ErrorCode.NO_MEMORY,
                    "%s: a volume of %s needs %s of memory for its groups alone; give it a memory of %s"
                            .formatted(
                                    device,
                                    SizeText.exact(layout.blocks() * Block.SIZE),
                                    SizeText.exact(needed),
                                    SizeText.exact(MemoryPlan.neededFor(needed))));
        }
        return plan;
    }
}
