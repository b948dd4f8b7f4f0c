package io.holdfast.cli.image;

import io.holdfast.cli.copy.Target;
import io.holdfast.cli.text.Sizes;
import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Exports to an image of the format qcow2, version 3, as docs/interop/qcow2.txt of QEMU describes it. Writes it in one pass: clusters
 * of data as they come, the table of each 512 MiB behind them, then the table of tables and the counts, and the header at the end.
 *
 * <pre>
 *   cluster 0   1 …                                            …  end
 *   +--------+--------+--------+-----+--------+-----+----+----------+-------------+
 *   | header |  data  |  data  |  …  |   L2   |  …  | L1 | counts   | count table |
 *   +--------+--------+--------+-----+--------+-----+----+----------+-------------+
 * </pre>
 *
 * <p>Invariants: each cluster up to the end of the file is in use once. Takes memory for one cluster, one table, and 8 bytes for each
 * 512 MiB of the disk.
 */
public final class Qcow2Target implements Target {
    static final int CLUSTER_BYTES = 64 << 10;

    private static final int CLUSTER_BITS = 16;
    private static final int MAGIC = 0x514649fb;
    private static final int HEADER_BYTES = 104;
    private static final int ENTRIES = CLUSTER_BYTES / Long.BYTES;
    private static final long TABLE_COVERS = (long) ENTRIES * CLUSTER_BYTES;
    /** Of 16 bits, as all programs of QEMU take them. */
    private static final int COUNTS = CLUSTER_BYTES / Short.BYTES;
    /** QEMU takes no larger L1 table. */
    private static final long L1_BYTES_MAX = 32 << 20;
    /** The entry's cluster has one user alone. */
    private static final long COPIED = 1L << 63;

    private final Target file;
    private final List<Long> tables = new ArrayList<>();
    private final ByteBuffer table = ByteBuffer.allocate(CLUSTER_BYTES);
    private final ByteBuffer cluster = ByteBuffer.allocateDirect(CLUSTER_BYTES);
    /** The cluster of the disk that {@link #cluster} has; -1 if none. */
    private long current = -1;
    /** The table of the disk that {@link #table} is. */
    private long currentTable;

    private boolean tableUsed;
    /** The file's next free cluster. */
    private long next = 1;

    /**
     * Makes an image of a disk of this size.
     *
     * @param file takes the bytes of the image, and takes them in any order; closed with this
     */
    public Qcow2Target(Target file) {
        this.file = file;
    }

    /**
     * Fails if a disk of this size is too large for the format as it is written here.
     *
     * @param name of the file, for the message
     */
    public static void requireFits(String name, long size) throws HoldfastException {
        long max = L1_BYTES_MAX / Long.BYTES * TABLE_COVERS;
        if (size > max) {
            throw new HoldfastException(
                    ErrorCode.FILE_TOO_LARGE,
                    name + " has " + Sizes.show(size) + ", more than the " + Sizes.show(max)
                            + " that qcow2 has room for; use --format raw or raw.zst");
        }
    }

    @Override
    public void write(long offset, ByteBuffer data) throws IOException {
        long at = offset;
        while (data.hasRemaining()) {
            begin(at / CLUSTER_BYTES);
            int within = (int) (at % CLUSTER_BYTES);
            int length = Math.min(data.remaining(), CLUSTER_BYTES - within);
            cluster.put(within, data, data.position(), length);
            data.position(data.position() + length);
            at += length;
        }
    }

    private void begin(long wanted) throws IOException {
        if (wanted == current) {
            return;
        }
        endCluster();
        long tableWanted = wanted / ENTRIES;
        if (tableWanted != currentTable) {
            endTable();
            currentTable = tableWanted;
        }
        current = wanted;
        cluster.clear().put(new byte[CLUSTER_BYTES]).clear();
    }

    private void endCluster() throws IOException {
        if (current >= 0) {
            table.putLong((int) (current % ENTRIES) * Long.BYTES, append(cluster.clear()) | COPIED);
            tableUsed = true;
            current = -1;
        }
    }

    private void endTable() throws IOException {
        while (tables.size() <= currentTable) {
            tables.add(0L);
        }
        if (tableUsed) {
            tables.set((int) currentTable, append(table.clear()) | COPIED);
            table.clear().put(new byte[CLUSTER_BYTES]).clear();
            tableUsed = false;
        }
    }

    /** Writes whole clusters behind all others, and returns where. */
    private long append(ByteBuffer clusters) throws IOException {
        long at = next * CLUSTER_BYTES;
        next += clusters.remaining() / CLUSTER_BYTES;
        file.write(at, clusters);
        return at;
    }

    @Override
    public void finish(long size) throws IOException {
        endCluster();
        endTable();
        int tableCount = (int) Math.ceilDiv(size, TABLE_COVERS);
        // A disk of 0 bytes has no table, not even an empty one: nothing would lead to its cluster.
        ByteBuffer l1 = ByteBuffer.allocate(Math.ceilDiv(tableCount * Long.BYTES, CLUSTER_BYTES) * CLUSTER_BYTES);
        for (int i = 0; i < Math.min(tableCount, tables.size()); i++) {
            l1.putLong(i * Long.BYTES, tables.get(i));
        }
        long l1At = append(l1);
        long before = next;
        // The counts count themselves.
        long blocks = 0;
        long countTables = 0;
        while (blocks * COUNTS < before + blocks + countTables) {
            blocks = Math.ceilDiv(before + blocks + countTables, COUNTS);
            countTables = Math.ceilDiv(blocks, ENTRIES);
        }
        long clusters = before + blocks + countTables;
        ByteBuffer countTable = ByteBuffer.allocate((int) countTables * CLUSTER_BYTES);
        ByteBuffer counts = ByteBuffer.allocate(CLUSTER_BYTES);
        for (long block = 0; block < blocks; block++) {
            for (int i = 0; i < COUNTS; i++) {
                counts.putShort(i * Short.BYTES, (short) (block * COUNTS + i < clusters ? 1 : 0));
            }
            countTable.putLong((int) block * Long.BYTES, append(counts.clear()));
        }
        long countTableAt = append(countTable.clear());
        file.write(0, header(size, tableCount, l1At, countTableAt, (int) countTables));
        file.finish(next * CLUSTER_BYTES);
    }

    private static ByteBuffer header(long size, int tables, long l1At, long countTableAt, int countTables) {
        ByteBuffer header = ByteBuffer.allocate(CLUSTER_BYTES);
        header.putInt(MAGIC).putInt(3);
        header.putLong(0).putInt(0); // no backing file
        header.putInt(CLUSTER_BITS).putLong(size);
        header.putInt(0); // not encrypted
        header.putInt(tables).putLong(l1At);
        header.putLong(countTableAt).putInt(countTables);
        header.putInt(0).putLong(0); // no snapshots
        header.putLong(0).putLong(0).putLong(0); // no features
        header.putInt(4); // counts of 2^4 bits
        header.putInt(HEADER_BYTES);
        return header.clear();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
