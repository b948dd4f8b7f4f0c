/** Directories, inodes, names, links and extended attributes, kept as items of the metadata store. */
@NullMarked
package io.holdfast.namespace;

import org.jspecify.annotations.NullMarked;
