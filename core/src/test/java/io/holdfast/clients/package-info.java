/** Other people's programs, which the tests of several modules run: NBD clients of more than one Debian release. */
@NullMarked
package io.holdfast.clients;

import org.jspecify.annotations.NullMarked;
