package io.holdfast.cli.text;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that a mistyped one may stand for. */
public final class Nearest {
    private Nearest() {}

    /** Returns the word that is the fewest changes away, ignoring case; of several the first in alphabetical order. */
    public static Optional<String> to(String typed, Collection<String> words) {
        return words.stream()
                .sorted()
                .min(Comparator.comparingInt((String word) -> changes(lower(typed), lower(word)))
                        .thenComparingInt(word -> changes(typed, word)));
    }

    private static String lower(String word) {
        return word.toLowerCase(Locale.ROOT);
    }

    /** Returns how many letters must be added, removed, replaced, or swapped with their neighbour. */
    static int changes(String from, String to) {
        int[][] d = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                d[i][j] = i == 0 || j == 0 ? i + j : least(d, from, to, i, j);
            }
        }
        return d[from.length()][to.length()];
    }

    private static int least(int[][] d, String from, String to, int i, int j) {
        boolean same = from.charAt(i - 1) == to.charAt(j - 1);
        int least = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (same ? 0 : 1));
        boolean swapped =
                i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2) && from.charAt(i - 2) == to.charAt(j - 1);
        return swapped ? Math.min(least, d[i - 2][j - 2] + 1) : least;
    }
}
