package io.holdfast.cli.image;

import com.github.luben.zstd.ZstdInputStream;
import io.holdfast.error.HoldfastException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * Walks through a qcow2, versions 2 and 3: an L1 table leads to L2 tables, and these lead to clusters. docs/interop/qcow2.txt of QEMU
 * describes it. Snapshots are no part of the disk and are not looked at.
 *
 * <pre>
 *   header  0 magic   4 version   20 cluster bits   24 disk bytes   36 entries of L1   40 L1   72 features   104 compression
 *   L1      bits 9-55: where the L2 table is
 *   L2      bit 62 compressed   bits 9-55: where the cluster is   bit 0: reads as zeroes
 * </pre>
 */
final class Qcow2Layout {
    private static final int HEADER_BYTES = 104;
    private static final int CLUSTER_BITS_MIN = 9;
    private static final int CLUSTER_BITS_MAX = 21;
    private static final long PLACE = 0x00ff_ffff_ffff_fe00L;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final int FEATURE_COMPRESSION_TYPE = 1 << 3;
    private static final int FEATURE_EXTENDED = 1 << 4;
    private static final int SUBCLUSTERS = 32;
    private static final int SECTOR = 512;
    /** QEMU takes no larger one. */
    private static final int L1_ENTRIES_MAX = (32 << 20) / Long.BYTES;

    private final ImageFile file;
    private final int clusterBits;
    private final long diskBytes;
    private final boolean extended;
    private final boolean zeroFlag;
    private final boolean zstd;
    private final ByteBuffer header;
    /** Where the last cluster is that decompresses, or -1. */
    private long decompressed = -1;

    private Qcow2Layout(ImageFile file) throws IOException {
        this.file = file;
        this.header = file.bytes(0, HEADER_BYTES, ByteOrder.BIG_ENDIAN, "its header");
        this.clusterBits = header.getInt(20);
        this.diskBytes = header.getLong(24);
        long features = header.getInt(4) >= 3 ? header.getLong(72) : 0;
        this.zeroFlag = header.getInt(4) >= 3;
        this.extended = (features & FEATURE_EXTENDED) != 0;
        this.zstd = (features & FEATURE_COMPRESSION_TYPE) != 0
                && file.bytes(HEADER_BYTES, 1, ByteOrder.BIG_ENDIAN, "its header")
                                .get(0)
                        == 1;
    }

    static void requireWhole(ImageFile file) throws IOException {
        new Qcow2Layout(file).walk();
    }

    private void walk() throws IOException {
        if (clusterBits < CLUSTER_BITS_MIN || clusterBits > CLUSTER_BITS_MAX || diskBytes < 0) {
            throw file.broken("its header makes no sense");
        }
        if (header.getInt(36) > L1_ENTRIES_MAX) {
            throw file.broken("its L1 table is larger than 32 MiB, which QEMU does not take");
        }
        int width = extended ? 2 * Long.BYTES : Long.BYTES;
        long entries = (1L << clusterBits) / width;
        file.table(header.getLong(40), header.getInt(36), Long.BYTES, ByteOrder.BIG_ENDIAN, "its L1 table", (i, l1) -> {
            long table = l1.getLong(0) & PLACE;
            long from = i * entries;
            if (table != 0 && from <= diskBytes >>> clusterBits) {
                file.table(table, entries, width, ByteOrder.BIG_ENDIAN, "an L2 table", (j, l2) -> {
                    long disk = from + j;
                    if (disk <= diskBytes >>> clusterBits && disk << clusterBits < diskBytes) {
                        cluster(l2, diskBytes - (disk << clusterBits));
                    }
                });
            }
        });
    }

    /** Looks at one cluster; {@code left} is what the disk has from there on, in bytes. */
    private void cluster(ByteBuffer entry, long left) throws IOException {
        long value = entry.getLong(0);
        if ((value & COMPRESSED) != 0) {
            compressed(value);
            return;
        }
        long place = value & PLACE;
        long wanted = 1L << clusterBits;
        if (extended) {
            int present = (int) entry.getLong(Long.BYTES);
            wanted = (wanted / SUBCLUSTERS) * (SUBCLUSTERS - Integer.numberOfLeadingZeros(present));
        } else if (zeroFlag && (value & ZERO) != 0) {
            return;
        }
        if (place != 0) {
            file.require(place, Math.min(wanted, left), "data of it");
        }
    }

    /** The entry counts sectors, so the data may end before the last of them does. */
    private void compressed(long value) throws IOException {
        int bits = 62 - (clusterBits - 8);
        long place = value & ((1L << bits) - 1);
        long sectors = ((value & ~(3L << 62)) >>> bits) + 1;
        long end = place - place % SECTOR + sectors * SECTOR;
        if (end <= file.size()) {
            return;
        }
        if (end - SECTOR >= file.size() || place >= file.size() || !decompresses(place)) {
            throw cutOff(place, end);
        }
    }

    private HoldfastException cutOff(long place, long end) {
        return file.broken(
                "data of it should be at bytes " + place + " to " + end + ", and the file ends at " + file.size());
    }

    /** Returns whether what the file has of the cluster there is all that is needed. At most the last few clusters come to this. */
    private boolean decompresses(long place) throws IOException {
        if (place == decompressed) {
            return true;
        }
        file.chargeDecompressed(1L << clusterBits);
        byte[] bytes = new byte[(int) (file.size() - place)];
        file.bytes(place, bytes.length, ByteOrder.BIG_ENDIAN, "data of it").get(bytes);
        Inflater inflater = new Inflater(true);
        try (ByteArrayInputStream in = new ByteArrayInputStream(bytes);
                var plain = zstd ? new ZstdInputStream(in) : new InflaterInputStream(in, inflater)) {
            boolean whole = plain.readNBytes(1 << clusterBits).length == 1 << clusterBits;
            decompressed = whole ? place : decompressed;
            return whole;
        } catch (IOException e) {
            return false;
        } finally {
            inflater.end();
        }
    }
}
