package io.holdfast.nbd.export;

import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.StoredFile;

/**
 * A file that is being served.
 *
 * @param name canonical, without a leading slash
 * @param path of the file in the volume, with a slash in front
 * @param file opened as a disk: no request changes its size
 * @param size at the time it was opened, as the client was told it
 * @param sectorSize the unit of all requests, announced as the minimum block; it divides the size. 1 for any range of bytes
 * @param use what all connections of the export share
 */
public record Export(
        String name, String path, StoredFile file, long size, boolean readOnly, int sectorSize, ExportUse use) {
    /** Requests of whole blocks need no read before the write. */
    public static final int PREFERRED_BLOCK = 4096;

    /** Returns what tells this export from others in numbers: its path without the leading slash, and its name where that differs. */
    public String label() {
        String file = path.startsWith("/") ? path.substring(1) : path;
        return name.equals(file) ? file : file + " (" + name + ")";
    }

    /**
     * Returns the end of the range that is served. It moves down when the file is made smaller, and not up when the
     * file grows.
     */
    public long sizeNow() {
        return Math.min(size, file.size());
    }

    /** Returns the transmission flags that do not depend on what was negotiated. */
    public int transmissionFlags() {
        return Wire.TRANSMIT_HAS_FLAGS
                | (readOnly ? Wire.TRANSMIT_READ_ONLY : 0)
                | Wire.TRANSMIT_SEND_FLUSH
                | Wire.TRANSMIT_SEND_FUA
                | Wire.TRANSMIT_SEND_TRIM
                | Wire.TRANSMIT_SEND_WRITE_ZEROES
                | Wire.TRANSMIT_CAN_MULTI_CONN
                | Wire.TRANSMIT_SEND_CACHE
                | Wire.TRANSMIT_SEND_FAST_ZERO;
    }
}
