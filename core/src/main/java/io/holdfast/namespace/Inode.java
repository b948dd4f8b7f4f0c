package io.holdfast.namespace;

/** An inode with its number. */
public record Inode(long number, InodeRecord record) {}
