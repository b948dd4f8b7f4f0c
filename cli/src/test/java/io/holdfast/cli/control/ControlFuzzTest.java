package io.holdfast.cli.control;

import io.holdfast.fuzz.FuzzTargetsTest;

/** The fuzz targets of this module. */
class ControlFuzzTest extends FuzzTargetsTest {}
