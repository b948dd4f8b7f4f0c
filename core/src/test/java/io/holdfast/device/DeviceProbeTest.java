package io.holdfast.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DeviceProbeTest {
    /** Not a multiple of anything round, as files may be. */
    private static final long BYTES = (64L << 20) + 3 * 4096 + 512;

    @TempDir
    Path directory;

    private Path image;

    @BeforeEach
    void createImage() throws Exception {
        image = directory.resolve("image");
        put(BYTES - 1, new byte[1]);
    }

    private void put(long position, byte[] data) throws Exception {
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            channel.write(ByteBuffer.wrap(data), position);
        }
    }

    private void assertFound(String contents) throws Exception {
        assertThat(DeviceProbe.probe(image)).contains(contents);
        try (FileDevice direct = FileDevice.open(image, false, true)) {
            assertThat(DeviceProbe.probe(direct)).contains(contents);
        }
    }

    @Test
    void zerosAreNothing() throws Exception {
        assertThat(DeviceProbe.probe(image)).isEmpty();
        assertThat(DeviceProbe.probe(Files.createFile(directory.resolve("empty"))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "a Holdfast volume, 0, HOLDFAST",
        "an XFS file system, 0, XFSB",
        "a btrfs file system, 65600, _BHRfS_M",
        "a LUKS encrypted volume, 0, LUKS\u00ba\u00be",
        "an LVM2 physical volume, 512, LABELONE",
        "a qcow image, 0, QFI\u00fb",
        "a squashfs file system, 0, hsqs",
        "an ISO 9660 file system, 32769, CD001",
        "an NTFS file system, 3, 'NTFS    '",
        "an exFAT file system, 3, 'EXFAT   '",
        "a FAT file system, 54, 'FAT16   '",
        "a FAT file system, 82, 'FAT32   '",
        "a GPT partition table, 512, EFI PART",
        "swap space, 4086, SWAPSPACE2",
        "swap space, 65526, SWAPSPACE2",
        "something that is not empty, 1000, x",
        "something that is not empty, 65535, x",
    })
    void knowsMarks(String contents, long position, String magic) throws Exception {
        put(position, magic.getBytes(StandardCharsets.ISO_8859_1));
        assertFound(contents);
    }

    @ParameterizedTest
    @CsvSource({
        "a member of a Linux software RAID (md), 0, fc4e2ba9",
        "a member of a Linux software RAID (md), 4096, fc4e2ba9",
        "a member of a ZFS pool, 131072, 0cb1ba0000000000",
        "a member of a ZFS pool, 394240, 0000000000bab10c",
        "a bcachefs file system, 4120, c68573f666ce90a9d96a60cf803df7ef",
        "an F2FS file system, 1024, 1020f5f2",
        "an EROFS file system, 1024, e2e1f5e0",
    })
    void knowsBinaryMarks(String contents, long position, String magic) throws Exception {
        put(position, HexFormat.of().parseHex(magic));
        assertFound(contents);
    }

    @Test
    void knowsMarksAtTheEnd() throws Exception {
        byte[] md = HexFormat.of().parseHex("fc4e2ba9");
        put((BYTES / 512 - 16) / 8 * 8 * 512, md);
        assertFound("a member of a Linux software RAID (md)");
        createAgain();
        put((BYTES & -65536) - 65536, md);
        assertFound("a member of a Linux software RAID (md)");
        createAgain();
        put((BYTES & -262144) - 262144 + 131072 + 7 * 1024, HexFormat.of().parseHex("0cb1ba0000000000"));
        assertFound("a member of a ZFS pool");
        createAgain();
        put(BYTES - 512, "EFI PART".getBytes(StandardCharsets.US_ASCII));
        assertFound("a GPT partition table, of which only the copy at the end is left");
    }

    private void createAgain() throws Exception {
        Files.delete(image);
        createImage();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 511, 4096, 65535})
    void seesAnythingAtTheEndEvenAfterTheLastWholeBlock(long beforeEnd) throws Exception {
        put(BYTES - beforeEnd, new byte[] {1});
        assertFound("something that is not empty");
    }

    @Test
    void seesSmallFiles() throws Exception {
        Path note = Files.writeString(directory.resolve("note"), "remember the milk");
        assertThat(DeviceProbe.probe(note)).contains("something that is not empty");
    }

    @Test
    void tellsPartitionTablesFromBootSectors() throws Exception {
        put(510, new byte[] {0x55, (byte) 0xAA});
        assertFound("a boot sector");
        put(446, HexFormat.of().parseHex("80010100830000000000"));
        assertFound("an MBR partition table");
        put(446, new byte[] {0x17});
        assertFound("a boot sector");
    }

    @Test
    void tellsExtFileSystemsApart() throws Exception {
        put(1024 + 0x38, HexFormat.of().parseHex("53ef"));
        assertFound("an ext2 file system");
        put(1024 + 0x5C, HexFormat.of().parseHex("04000000"));
        assertFound("an ext3 file system");
        put(1024 + 0x60, HexFormat.of().parseHex("c2020000"));
        assertFound("an ext4 file system");
        put(1024 + 0x60, HexFormat.of().parseHex("08000000"));
        assertFound("the journal of an ext file system");
    }

    /** What the real tools write. */
    @ParameterizedTest
    @CsvSource({
        "an ext2 file system, mkfs.ext2 -q -F",
        "an ext3 file system, mkfs.ext3 -q -F",
        "an ext4 file system, mkfs.ext4 -q -F",
        "an XFS file system, mkfs.xfs -q -f",
        "a btrfs file system, mkfs.btrfs -q -f",
        "an NTFS file system, mkfs.ntfs -q -F -f",
        "a FAT file system, mkfs.fat",
        "swap space, mkswap -q",
        "a GPT partition table, sgdisk -o",
        "a qcow image, qemu-img create -q -f qcow2 -o size=1G",
        "a VMDK image, qemu-img create -q -f vmdk -o size=1G",
        "a VHDX image, qemu-img create -q -f vhdx -o size=1G",
        "a VDI image, qemu-img create -q -f vdi -o size=1G",
    })
    void knowsWhatTheToolsWrite(String contents, String tool) throws Exception {
        // XFS wants 300 MB; the file is sparse.
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(512L << 20);
        }
        Tool.Result result = Tool.run((tool + " " + image).split(" "));
        if (result.status() == 127) {
            System.out.println("SKIPPED: no tool: " + result.output());
        }
        Assumptions.assumeTrue(result.status() != 127, "no such tool");
        assertThat(result.status()).as(result.output()).isZero();
        assertFound(contents);
    }
}
