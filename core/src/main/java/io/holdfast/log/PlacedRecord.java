package io.holdfast.log;

import io.holdfast.device.SealedBuffer;
import io.holdfast.space.Run;
import java.util.List;

/**
 * A record that has its place in the log and must be written there.
 *
 * @param header the places of the header and its twin, the first of the sealed blocks
 * @param data the places of the other blocks, in order
 * @param twins where these blocks are written once more, in order; none for data
 */
record PlacedRecord(long sequence, List<Run> header, List<Run> data, List<Run> twins, SealedBuffer sealed) {}
