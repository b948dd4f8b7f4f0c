package io.holdfast.check;

import io.holdfast.volume.CheckReport;

/** A finding as the report has it, and what it means to a repair. */
public record Finding(CheckReport.Problem problem, Fault fault) {}
