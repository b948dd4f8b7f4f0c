/** File I/O: page cache, read path, write path (buffered, direct, zero-copy), writeback. */
@NullMarked
package io.holdfast.file;

import org.jspecify.annotations.NullMarked;
