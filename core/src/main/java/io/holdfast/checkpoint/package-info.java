/** Checkpoints: frozen changes become trees, and a superblock names the trees. And recovery after a crash. */
@NullMarked
package io.holdfast.checkpoint;

import org.jspecify.annotations.NullMarked;
