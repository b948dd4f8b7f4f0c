/** The write log: records of header, twin and data in one append, group commit, and reading it back after a crash. */
@NullMarked
package io.holdfast.log;

import org.jspecify.annotations.NullMarked;
