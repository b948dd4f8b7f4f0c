package io.holdfast.log;

import io.holdfast.device.SealedBuffer;
import io.holdfast.space.Run;
import java.util.List;

/**
 * A record that has its place in the log and must be written there.
 *
 * @param header block of the header, the first of the sealed blocks
 * @param data the places of the other blocks, in order
 */
record PlacedRecord(long sequence, long header, List<Run> data, SealedBuffer sealed) {}
