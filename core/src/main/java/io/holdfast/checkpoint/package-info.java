/** Checkpoints: the frozen changes become trees, the trees a superblock. And the way back after a crash. */
@NullMarked
package io.holdfast.checkpoint;

import org.jspecify.annotations.NullMarked;
