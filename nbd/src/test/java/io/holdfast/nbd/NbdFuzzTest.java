package io.holdfast.nbd;

import io.holdfast.fuzz.FuzzTargetsTest;

/** The fuzz targets of this module. */
class NbdFuzzTest extends FuzzTargetsTest {}
