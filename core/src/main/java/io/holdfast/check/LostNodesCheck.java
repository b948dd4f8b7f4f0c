package io.holdfast.check;

import io.holdfast.mapping.MapItems.LostNode;

/**
 * Reports the nodes of maps that were lost before, once the maps were read. What is below such a node may be in use as long as some file has lost blocks, or
 * something else is hidden. If neither is so, nothing needs the nodes, and a repair frees them with all below. Used by one thread, once.
 */
final class LostNodesCheck {
    private static final String STRUCTURE = "map node";

    private final CheckState check;

    LostNodesCheck(CheckState check) {
        this.check = check;
    }

    void run() {
        LostItems lost = check.lost;
        // An item may name a block that something else has, too. That is reported as for any other pointer.
        boolean usedTwice = lost.nodes().stream()
                .anyMatch(node -> check.references.has(node.node().block()));
        if (!lost.areSettled() || check.incomplete || usedTwice) {
            check.incomplete |= lost.any();
            lost.nodes().forEach(node -> check.reach(STRUCTURE, node.node().block(), node.inode()));
        }
        check.lostAny |= lost.any();
        if (check.isFirst()) {
            report();
        }
    }

    private void report() {
        LostItems lost = check.lost;
        lost.nodes().forEach(this::report);
        if (lost.areMore()) {
            check.findings.add(STRUCTURE, -1, "more than %d nodes of maps were lost before".formatted(LostItems.MAX));
        }
    }

    private void report(LostNode node) {
        // A map's item may lie in a part of the metadata tree that cannot be read.
        boolean settled = check.itemsWhole && check.lost.isSettled(node);
        check.findings.metadataBlocks++;
        check.findings.add(
                STRUCTURE,
                node.node().block(),
                node.inode(),
                "the node of inode %d from offset %s on was lost: ".formatted(node.inode(), node.offset())
                        + (settled
                                ? "nothing of the file is lost any more; the node and what was below stay allocated until a repair"
                                : "what it had is an error until it is written again"),
                settled ? new Fault.Settled(node) : new Fault.Lost(node));
    }
}
