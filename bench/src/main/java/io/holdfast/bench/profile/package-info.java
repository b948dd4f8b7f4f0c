/** Where the time of a scenario goes: flight recordings as flame graphs. */
@NullMarked
package io.holdfast.bench.profile;

import org.jspecify.annotations.NullMarked;
