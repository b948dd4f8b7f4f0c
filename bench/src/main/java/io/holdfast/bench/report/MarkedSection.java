package io.holdfast.bench.report;

/** A section between two markers that a program writes, in a page that people write. */
public record MarkedSection(String name) {
    private String begin() {
        return "<!-- begin " + name + ": written by a program, changes here are lost -->";
    }

    private String end() {
        return "<!-- end " + name + " -->";
    }

    /** Returns the page with this content between the markers. If the page has no markers, adds them at the end. */
    public String replaceIn(String page, String content) {
        String section = begin() + "\n\n" + content.strip() + "\n\n" + end();
        int from = page.indexOf(begin());
        int to = page.indexOf(end());
        if (from < 0 && to < 0) {
            return page.stripTrailing() + "\n\n" + section + "\n";
        }
        if (from < 0 || to < from) {
            throw new IllegalArgumentException(
                    "the markers of '%s' are damaged: put both back or remove both".formatted(name));
        }
        return page.substring(0, from) + section + page.substring(to + end().length());
    }
}
