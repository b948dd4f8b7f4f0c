package io.holdfast.cli.manual;

import java.util.Locale;
import java.util.regex.Pattern;

/** Text in the language of man(7). */
final class Roff {
    private static final Pattern OPTION = Pattern.compile("(?<![\\w-])--?[a-zA-Z][\\w-]*");

    private final StringBuilder text = new StringBuilder();
    private boolean afterTitle;

    /** Begins a page. */
    Roff(String name, int section, String version) {
        text.append(".\\\" Made from the declarations of the commands.\n");
        text.append(".TH ")
                .append(name.toUpperCase(Locale.ROOT).replace("-", "\\-"))
                .append(' ')
                .append(section)
                .append(" \"\" \"holdfast ")
                .append(version.replace("-", "\\-"))
                .append("\" \"Holdfast\"\n");
    }

    Roff section(String title) {
        text.append(".SH \"").append(title).append("\"\n");
        afterTitle = true;
        return this;
    }

    Roff paragraph(String words) {
        begin();
        text.append(plain(words)).append('\n');
        return this;
    }

    /** Begins a paragraph; behind the title of a section that goes without saying. */
    private void begin() {
        if (!afterTitle) {
            text.append(".PP\n");
        }
        afterTitle = false;
    }

    /** Adds an entry of a list: a term, which is shown in bold where it is an option, and what it means. */
    Roff entry(String term, String words) {
        afterTitle = false;
        text.append(".TP\n")
                .append(bold(term))
                .append('\n')
                .append(plain(words))
                .append('\n');
        return this;
    }

    /** Adds lines as they are. */
    Roff example(String lines) {
        begin();
        text.append(".nf\n");
        lines.lines()
                .forEach(line ->
                        text.append(line.isEmpty() ? "\\&" : plain(line)).append('\n'));
        text.append(".fi\n");
        return this;
    }

    /** Adds a line of the synopsis. */
    Roff usage(String line) {
        begin();
        text.append(bold(line)).append('\n');
        return this;
    }

    private static String bold(String term) {
        return plain(OPTION.matcher(term).replaceAll(found -> "\u0001" + found.group() + "\u0002"))
                .replace("\u0001", "\\fB")
                .replace("\u0002", "\\fR");
    }

    /** Escapes what roff would read: backslashes, hyphens, and a dot or quote where a line begins. */
    static String plain(String words) {
        String escaped = words.strip().replace("\\", "\\e").replace("-", "\\-").replace("…", "...");
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
