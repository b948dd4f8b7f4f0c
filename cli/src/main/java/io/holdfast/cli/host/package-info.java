/** The process and the machine around a command: arguments, file names and standard streams, byte for byte. */
@NullMarked
package io.holdfast.cli.host;

import org.jspecify.annotations.NullMarked;
