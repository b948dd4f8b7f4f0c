package io.holdfast.volume;

/** The checksum that a volume keeps for every block. Formatting chooses it, for good. */
public enum ChecksumAlgorithm {
    /** CRC-32C (Castagnoli, RFC 3720 appendix B.4): 32 bits, computed by the processor at memory speed. */
    CRC32C("crc32c", 1),
    /**
     * XXH3, 64 bits (xxHash specification 0.8). Somewhat slower; a random error passes once in 2^64 times, not in 2^32.
     */
    XXH3_64("xxh3-64", 2);

    private final String label;
    private final int id;

    ChecksumAlgorithm(String label, int id) {
        this.label = label;
        this.id = id;
    }

    /** Returns the name that the command and reports use. */
    public String label() {
        return label;
    }

    /** Returns the number stored in the superblock. */
    public int id() {
        return id;
    }
}
