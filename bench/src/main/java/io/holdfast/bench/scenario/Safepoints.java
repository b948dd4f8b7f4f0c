package io.holdfast.bench.scenario;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses the virtual machine's output with {@code -Xlog:safepoint}. */
final class Safepoints {
    /** From the request until all threads run again: the longest time that a thread may have waited. */
    private static final Pattern TOTAL = Pattern.compile("Total:\\s*([0-9]+) ns");

    private Safepoints() {}

    static double longestMillis(List<String> lines) {
        double longest = 0;
        for (String line : lines) {
            Matcher matcher = TOTAL.matcher(line);
            if (matcher.find()) {
                longest = Math.max(longest, Long.parseLong(matcher.group(1)) / 1e6);
            }
        }
        return longest;
    }
}
