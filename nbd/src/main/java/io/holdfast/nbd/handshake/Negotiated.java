package io.holdfast.nbd.handshake;

import io.holdfast.nbd.export.Export;
import io.holdfast.nbd.protocol.ReplyFormat;

/**
 * What the handshake ended with. The receiver closes the export's file.
 *
 * @param blockStatus the client selected base:allocation for this export
 */
public record Negotiated(Export export, ReplyFormat format, boolean blockStatus) {}
