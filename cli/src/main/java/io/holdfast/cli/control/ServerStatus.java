package io.holdfast.cli.control;

import java.util.List;

/**
 * What a server is.
 *
 * @param pid of its process
 * @param version of the program that runs there; after an upgrade it may be another one than that of the command
 * @param upNanos since it began to serve
 * @param addresses where NBD clients come, as bound
 * @param clients NBD connections at the moment
 */
public record ServerStatus(long pid, String version, long upNanos, List<String> addresses, long clients) {}
