package io.holdfast.check;

/**
 * What is wrong with the bitmap of a group.
 *
 * @param leaked how many blocks are marked in use and nothing points there
 * @param unmarked how many blocks are in use and marked free
 * @param unreadable whether the bitmap, or its descriptor, cannot be read; then the counts are 0
 * @param unknown whether the descriptor cannot be read: then the volume does not open for writing
 */
public record GroupFault(int leaked, int unmarked, boolean unreadable, boolean unknown) {}
