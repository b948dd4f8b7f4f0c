package io.holdfast.cli.serve;

import java.util.ArrayList;
import java.util.List;

/** The words of a value of the command line that has several, with commas between them. */
final class CommaWords {
    private CommaWords() {}

    /** Splits at commas; two of them are one that belongs to a word. Returns at least one word. */
    static List<String> split(String value) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == ',' && i + 1 < value.length() && value.charAt(i + 1) == ',') {
                word.append(c);
                i++;
            } else if (c == ',') {
                words.add(word.toString());
                word.setLength(0);
            } else {
                word.append(c);
            }
        }
        words.add(word.toString());
        return words;
    }
}
