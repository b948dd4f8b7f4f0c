/** The server as a service of systemd: what it reports to the service manager, and the sockets that it inherits. */
@NullMarked
package io.holdfast.cli.service;

import org.jspecify.annotations.NullMarked;
