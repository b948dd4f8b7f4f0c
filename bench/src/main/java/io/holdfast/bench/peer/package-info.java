/** What is measured: Holdfast and what a user would pick instead. */
@NullMarked
package io.holdfast.bench.peer;

import org.jspecify.annotations.NullMarked;
