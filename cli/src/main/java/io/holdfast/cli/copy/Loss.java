package io.holdfast.cli.copy;

/**
 * A range of a file that could not be read.
 *
 * @param offset bytes
 * @param length bytes, at least 1
 * @param why the error that reading its beginning gave; names the file
 */
public record Loss(long offset, long length, String why) {
    /** Returns one line for the person at the terminal. */
    public String text() {
        return "offset " + offset + ", length " + length + " is zero in the copy: " + why;
    }
}
