/** The machine: processes, disks, file systems in files, and the clean-up. */
@NullMarked
package io.holdfast.bench.host;

import org.jspecify.annotations.NullMarked;
