package io.holdfast.fuzz;

/** The fuzz targets of this module. */
class CoreFuzzTest extends FuzzTargetsTest {}
