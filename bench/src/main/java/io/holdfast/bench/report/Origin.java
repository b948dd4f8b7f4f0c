package io.holdfast.bench.report;

import java.util.List;

/**
 * The run that a scenario's figures are from. A page may have figures of several runs: each replaces what it measured
 * again.
 *
 * @param when ISO 8601
 * @param command as it was given
 * @param version of Holdfast
 * @param remarks what the reader should know about the run
 */
public record Origin(String when, String command, String version, List<String> remarks) {}
