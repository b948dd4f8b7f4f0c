package io.holdfast.bench.report;

import java.util.List;
import java.util.Map;

/**
 * One run of the harness.
 *
 * @param when ISO 8601
 * @param command as it was given
 * @param machine facts by name
 * @param remarks what the reader should know about the run
 */
public record RunReport(
        String when,
        String command,
        Map<String, String> machine,
        List<String> remarks,
        List<ScenarioReport> scenarios) {}
