package io.holdfast.repair;

import io.holdfast.check.CheckedVolume;
import io.holdfast.check.Fault;
import io.holdfast.check.Finding;

/** Says what to do about findings that a repair does not mend. */
final class Advice {
    private static final String RESCUE = "'holdfast rescue' copies out what can be read";

    private Advice() {}

    static String of(Finding finding, CheckedVolume checked) {
        if (finding.fault() instanceof Fault.Settled) {
            return "no data is lost; its space comes free once nothing else is hidden: mend or remove what cannot be read and what is lost, then repair again";
        }
        return switch (finding.problem().structure()) {
            case "data" ->
                "put a good copy of the file in its place, or overwrite the block; 'holdfast export --keep-going' copies out the rest";
            case "map node" ->
                "overwrite what is lost, or put a good copy of the file in its place; 'holdfast export --keep-going' copies out the rest";
            case "space map" ->
                "no block comes free as long as something could be hidden that uses it; mend or remove what cannot be read, then repair again";
            case "inode", "directory entry" ->
                checked.hasAllItems()
                        ? RESCUE + ", also without a name"
                        : "nothing is named or removed as long as parts of the directory tree cannot be read; "
                                + RESCUE;
            default -> RESCUE;
        };
    }
}
