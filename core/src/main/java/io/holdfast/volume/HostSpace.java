package io.holdfast.volume;

/**
 * The file system of the host that a volume's file lies on, in bytes.
 *
 * @param total its size
 * @param used what is taken, by whatever file
 * @param free what ordinary users may still take. The system may keep more for its administrator, so this may be less
 *     than {@code total - used}
 * @param promised what the volume has and its file has not yet taken from the host. A sparse file takes it when the
 *     volume writes there; if {@code free} is less, the host may become full before the volume is. 0 for a file that has
 *     all its space, and -1 if the host does not tell
 * @param preallocated whether the volume was formatted to have all its space from the beginning. If {@code promised} is
 *     not 0 all the same, the file has lost some since, as a sparse copy does
 */
public record HostSpace(long total, long used, long free, long promised, boolean preallocated) {}
