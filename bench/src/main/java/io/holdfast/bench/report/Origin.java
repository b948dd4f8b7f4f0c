package io.holdfast.bench.report;

import java.util.List;

/**
 * The run that a scenario's figures come from. A page may have figures of several runs: each run replaces the figures
 * of the scenarios that it measured.
 *
 * @param when ISO 8601
 * @param command as it was given
 * @param version of Holdfast
 * @param remarks facts about the run that the reader should know
 */
public record Origin(String when, String command, String version, List<String> remarks) {}
