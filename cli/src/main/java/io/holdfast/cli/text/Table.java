package io.holdfast.cli.text;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of text in columns. A column whose name starts with {@code >} is aligned to the right. A long table without a
 * header is printed in parts, each with its own widths, so that at most {@link #ROWS_MAX} rows are held.
 */
public final class Table {
    private static final int ROWS_MAX = 1000;

    private final String[] columns;
    private final boolean[] right;
    private final List<String[]> rows = new ArrayList<>();
    private final boolean header;

    public Table(boolean header, String... columns) {
        this.header = header;
        this.columns = new String[columns.length];
        this.right = new boolean[columns.length];
        for (int i = 0; i < columns.length; i++) {
            right[i] = columns[i].startsWith(">");
            this.columns[i] = right[i] ? columns[i].substring(1) : columns[i];
        }
    }

    /** Adds a row with as many cells as there are columns. */
    public void row(String... cells) {
        if (cells.length != columns.length) {
            throw new IllegalArgumentException(cells.length + " cells for " + columns.length + " columns");
        }
        rows.add(cells.clone());
    }

    /** Adds a row, and prints all rows if there are many. */
    public void row(PrintStream out, String... cells) {
        row(cells);
        if (rows.size() >= ROWS_MAX) {
            print(out);
        }
    }

    /** Prints and drops the rows. */
    public void print(PrintStream out) {
        List<String[]> lines = new ArrayList<>(rows);
        if (header) {
            lines.addFirst(columns);
        }
        rows.clear();
        int[] widths = new int[columns.length];
        for (String[] line : lines) {
            Arrays.setAll(widths, i -> Math.max(widths[i], width(line[i])));
        }
        for (String[] line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.length; i++) {
                String pad = " ".repeat(widths[i] - width(line[i]));
                text.append(i == 0 ? "" : "  ").append(right[i] ? pad + line[i] : line[i] + pad);
            }
            out.println(text.toString().stripTrailing());
        }
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
