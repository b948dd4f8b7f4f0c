/** Manual pages, completions and an example configuration, all made from the declarations of the commands. */
@NullMarked
package io.holdfast.cli.manual;

import org.jspecify.annotations.NullMarked;
