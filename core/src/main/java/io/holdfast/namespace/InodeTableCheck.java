package io.holdfast.namespace;

import io.holdfast.volume.FileKind;

/** Compares the records, names and links that a check has collected. */
final class InodeTableCheck {
    private static final String STRUCTURE = "inode";
    private static final byte DIRECTORY = Kinds.code(FileKind.DIRECTORY);
    private static final byte ON_PATH = 1;
    private static final byte DONE = 2;

    private final InodeTable table;
    private final NamespaceCheck.Problems problems;

    InodeTableCheck(InodeTable table, NamespaceCheck.Problems problems) {
        this.table = table;
        this.problems = problems;
    }

    NamespaceCheck.Counts run(long highWater) {
        long files = 0;
        long directories = 0;
        int root = table.row(NamespaceKeys.ROOT);
        for (int row = 0; row < table.size(); row++) {
            if (row == root) {
                root(row);
            } else {
                inode(row, highWater);
            }
            if (table.kind[row] == DIRECTORY) {
                directories++;
            } else if (table.kind[row] > 0) {
                files++;
            }
        }
        loops();
        return new NamespaceCheck.Counts(files, directories);
    }

    private void root(int row) {
        if (table.kind[row] == 0) {
            problem(noRecord(row), row, "is the root directory and has no record");
        } else if (table.kind[row] > 0) {
            if (table.kind[row] != DIRECTORY || table.parent[row] != NamespaceKeys.ROOT) {
                problem(row, "is the root, and is not a directory that holds itself");
            }
            links(row);
        }
        if (table.orphan[row] != 0) {
            problem(new ItemFault.UnwantedOrphan(table.number[row]), row, "is the root and marked as an orphan");
        }
    }

    private void inode(int row, long highWater) {
        byte kind = table.kind[row];
        int names = table.names[row];
        boolean orphan = table.orphan[row] != 0;
        if (orphan && names > 0) {
            problem(
                    new ItemFault.UnwantedOrphan(table.number[row]),
                    row,
                    "is marked as an orphan and has " + names + " names");
        }
        if (kind == 0) {
            missing(row, names, orphan);
            return;
        }
        if (highWater >= 0 && Long.compareUnsigned(table.number[row], highWater) >= 0) {
            problem(new ItemFault.HighWater(), row, "is not below the high-water mark " + highWater);
        }
        if (kind == InodeTable.DAMAGED) {
            return;
        }
        if (names == 0) {
            // The record goes with the last name, so the reaper would free what somebody may miss.
            problem(
                    orphan ? new ItemFault.UnwantedOrphan(table.number[row]) : new ItemFault.NoName(table.number[row]),
                    row,
                    orphan ? "is marked as an orphan and has a record" : "has no name");
            return;
        }
        if (names > 0 && table.entryKind[row] != kind) {
            problem(
                    new ItemFault.WrongKind(table.number[row]),
                    row,
                    "is of another kind than its directory entry says");
        }
        if (kind == DIRECTORY && names > 0) {
            directory(row, names);
        }
        links(row);
    }

    private void missing(int row, int names, boolean orphan) {
        if (names > 0) {
            problems.problem(
                    noRecord(row),
                    "directory entry",
                    table.number[row],
                    names + " names lead to inode " + Long.toUnsignedString(table.number[row])
                            + ", which has no record");
        } else if (!orphan) {
            problem(noRecord(row), row, "has items and no record");
        }
    }

    private ItemFault noRecord(int row) {
        return new ItemFault.NoRecord(table.number[row]);
    }

    private void directory(int row, int names) {
        if (names > 1) {
            problem(row, "is a directory with " + names + " names");
        } else if (table.parent[row] != table.namedIn[row]) {
            problem(
                    new ItemFault.WrongParent(table.number[row], table.namedIn[row]),
                    row,
                    "is a directory in inode " + Long.toUnsignedString(table.namedIn[row]) + " and believes to be in "
                            + Long.toUnsignedString(table.parent[row]));
        }
    }

    private void links(int row) {
        long expected = table.kind[row] == DIRECTORY ? 2L + table.subdirectories[row] : table.names[row];
        if (table.links[row] != expected) {
            problem(
                    new ItemFault.WrongLinks(table.number[row], expected),
                    row,
                    "has link count " + table.links[row] + " where " + expected + " is right");
        }
    }

    /** Finds directories that are inside themselves: walks upwards from every row, through each row once. */
    private void loops() {
        for (int start = 0; start < table.size(); start++) {
            int at = start;
            while (at >= 0 && table.mark[at] == 0) {
                table.mark[at] = ON_PATH;
                at = up(at);
            }
            if (at >= 0 && table.mark[at] == ON_PATH) {
                problem(at, "is a directory inside itself and not reachable");
            }
            for (int row = start; row >= 0 && table.mark[row] == ON_PATH; row = up(row)) {
                table.mark[row] = DONE;
            }
        }
    }

    private int up(int row) {
        return table.namedIn[row] == 0 ? -1 : table.find(table.namedIn[row]);
    }

    private void problem(int row, String what) {
        problem(ItemFault.OTHER, row, what);
    }

    private void problem(ItemFault fault, int row, String what) {
        problems.problem(
                fault, STRUCTURE, table.number[row], "inode " + Long.toUnsignedString(table.number[row]) + " " + what);
    }
}
