package io.holdfast.nbd.export;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.VolumeFiles;

/** Opens files as exports, for all kinds of tables. */
record DiskOpening(VolumeFiles files, boolean readOnly, int sectorSize) {
    DiskOpening as(VolumeFiles of) {
        return new DiskOpening(of, readOnly, sectorSize);
    }

    /**
     * Opens a file.
     *
     * @param path from the root, with a slash in front
     * @param name the canonical name of the export
     * @param onlyReads refuse writes, even if the server takes them
     */
    Export open(String path, String name, boolean onlyReads, ExportUse use) throws ExportException, HoldfastException {
        StoredFile file = files.openDisk(path);
        boolean usable = false;
        try {
            long size = file.size();
            checkSize(name, size);
            Export export = new Export(name, path, file, size, readOnly || onlyReads, sectorSize, use);
            usable = true;
            return export;
        } finally {
            if (!usable) {
                file.close();
            }
        }
    }

    private void checkSize(String name, long size) throws ExportException {
        if (size < 0) {
            throw new ExportException(
                    OptionReply.ERR_UNKNOWN,
                    "export '" + name + "' has " + Long.toUnsignedString(size)
                            + " bytes; NBD clients take exports of at most 2^63 - 1 bytes");
        }
        if (size % sectorSize != 0) {
            throw new ExportException(
                    OptionReply.ERR_POLICY,
                    "export '" + name + "' has " + size + " bytes, which are not whole sectors of the " + sectorSize
                            + " bytes that the server was started with; resize it, or serve without --sector-size");
        }
    }

    /** Returns the error for an export whose file, known to the client by its path, cannot be opened. */
    static ExportException failure(String name, HoldfastException e) {
        String begin = "cannot open export '" + name + "': ";
        // The message says who else changes it.
        String told = e.code() == ErrorCode.IN_USE ? reason(e) : e.getMessage();
        return new ExportException(replyTo(e), begin + told, begin + e.getMessage());
    }

    /** Returns the error for an export of a list. Its client is told neither the path nor who else uses the file; the log is. */
    static ExportException failureOfListed(String name, HoldfastException e) {
        String begin = "cannot open export '" + name + "': ";
        return new ExportException(replyTo(e), begin + reason(e), begin + e.getMessage());
    }

    private static String reason(HoldfastException e) {
        return switch (e.code()) {
            case IN_USE -> "it is being changed; try again when that is done";
            case CLOSED -> "the server is being stopped";
            case NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY -> "it has no file at the moment";
            default -> "the log of the server says why";
        };
    }

    private static OptionReply replyTo(HoldfastException e) {
        return switch (e.code()) {
            case NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, NAME_TOO_LONG, TOO_MANY_SYMLINKS, INVALID ->
                OptionReply.ERR_UNKNOWN;
            case CLOSED -> OptionReply.ERR_SHUTDOWN;
            default -> OptionReply.ERR_POLICY;
        };
    }
}
