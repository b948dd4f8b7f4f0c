/** Configuration files: the options of a command, in TOML. */
@NullMarked
package io.holdfast.cli.config;

import org.jspecify.annotations.NullMarked;
