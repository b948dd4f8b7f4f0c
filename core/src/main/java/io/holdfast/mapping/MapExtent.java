package io.holdfast.mapping;

/** What the changes say about a place: a word, or -1 for nothing, and for how many blocks at least. */
public record MapExtent(long word, long length) {}
