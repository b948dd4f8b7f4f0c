/** The machine: processes, disks, file systems in files, and putting everything back. */
@NullMarked
package io.holdfast.bench.host;

import org.jspecify.annotations.NullMarked;
