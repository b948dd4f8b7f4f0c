package io.holdfast.device;

import io.holdfast.error.HoldfastException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Tells what is on a device before it is formatted, so that nobody loses data by a mistyped name. The probe knows the
 * marks of common contents. Anything else that is not zeros counts as contents, too. To read all of a large device
 * would take hours, so the probe reads the first and the last MiB, and samples that lie evenly between them.
 */
public final class DeviceProbe {
    /** The first bytes of a Holdfast volume. */
    public static final String HOLDFAST_MAGIC = "HOLDFAST";

    private static final int KIB = 1 << 10;
    private static final int SECTOR = 512;

    /** Bytes at a fixed place. */
    private record Mark(String contents, long position, byte[] magic) {
        static Mark text(String contents, long position, String magic) {
            return new Mark(contents, position, magic.getBytes(StandardCharsets.US_ASCII));
        }

        static Mark hex(String contents, long position, String magic) {
            return new Mark(contents, position, HexFormat.of().parseHex(magic));
        }
    }

    /** Contents that imitate others come first, as GPT does with an MBR. */
    private static final List<Mark> MARKS = List.of(
            Mark.text("a Holdfast volume", 0, HOLDFAST_MAGIC),
            Mark.text("an XFS file system", 0, "XFSB"),
            Mark.text("a btrfs file system", 64 * KIB + 64, "_BHRfS_M"),
            Mark.hex("an F2FS file system", KIB, "1020f5f2"),
            Mark.hex("an EROFS file system", KIB, "e2e1f5e0"),
            Mark.text("a JFS file system", 32 * KIB, "JFS1"),
            Mark.hex("a bcachefs file system", 4 * KIB + 24, "c68573f666ce90a9"),
            Mark.hex("a bcache device", 4 * KIB + 24, "c68573f64e1a45ca"),
            Mark.text("a Ceph BlueStore device", 0, "bluestore block device"),
            Mark.hex("a LUKS encrypted volume", 0, "4c554b53babe"),
            Mark.hex("a LUKS encrypted volume with a damaged first header", 16 * KIB, "534b554cbabe"),
            Mark.text("an LVM2 physical volume", 0, "LABELONE"),
            Mark.text("an LVM2 physical volume", SECTOR, "LABELONE"),
            Mark.text("an LVM2 physical volume", 2 * SECTOR, "LABELONE"),
            Mark.text("an LVM2 physical volume", 3 * SECTOR, "LABELONE"),
            Mark.hex("a qcow image", 0, "514649fb"),
            Mark.text("a VMDK image", 0, "KDMV"),
            Mark.text("a VHDX image", 0, "vhdxfile"),
            Mark.hex("a VDI image", 64, "7f10dabe"),
            Mark.text("a squashfs file system", 0, "hsqs"),
            Mark.text("a squashfs file system", 0, "sqsh"),
            Mark.text("an ISO 9660 file system", 32 * KIB + 1, "CD001"),
            Mark.text("an NTFS file system", 3, "NTFS    "),
            Mark.text("an exFAT file system", 3, "EXFAT   "),
            Mark.text("a FAT file system", 54, "FAT12   "),
            Mark.text("a FAT file system", 54, "FAT16   "),
            Mark.text("a FAT file system", 54, "FAT     "),
            Mark.text("a FAT file system", 82, "FAT32   "),
            Mark.text("a GPT partition table", SECTOR, "EFI PART"),
            Mark.text("a GPT partition table", 4 * KIB, "EFI PART"));

    private static final List<String> SWAP_MAGICS =
            List.of("SWAPSPACE2", "SWAP-SPACE", "S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001");
    private static final int[] PAGE_SIZES = {4 * KIB, 8 * KIB, 16 * KIB, 64 * KIB};

    private static final int EXT_SUPERBLOCK = KIB;
    private static final int EXT_MAGIC = 0xEF53;
    private static final int EXT_COMPAT_HAS_JOURNAL = 0x4;
    private static final int EXT_INCOMPAT_JOURNAL_DEVICE = 0x8;
    /** The incompatible features of ext2 and ext3: compression, file types, recovery, journal device, meta_bg. */
    private static final int EXT_INCOMPAT_BEFORE_EXT4 = 0x1F;

    private static final byte[] MD_MAGIC = HexFormat.of().parseHex("fc4e2ba9");
    private static final int ZFS_LABEL = 256 * KIB;
    private static final int ZFS_UBERBLOCKS = 128 * KIB;
    private static final byte[] ZFS_MAGIC_LITTLE_ENDIAN = HexFormat.of().parseHex("0cb1ba0000000000");
    private static final byte[] ZFS_MAGIC_BIG_ENDIAN = HexFormat.of().parseHex("0000000000bab10c");

    private static final int MBR_ENTRIES = 446;
    private static final int MBR_ENTRY = 16;
    private static final int MBR_SIGNATURE = 510;

    private DeviceProbe() {}

    /** Opens a file or block device for reading, and returns what is on it; empty if nothing is. */
    public static Optional<String> probe(Path path) throws HoldfastException {
        try (FormattableDevice device = FileDevice.open(path, false, false)) {
            return probe(device);
        }
    }

    /** Returns what is on a device, as words for a message such as «holds an XFS file system»; empty if nothing is. */
    public static Optional<String> probe(FormattableDevice device) throws HoldfastException {
        ProbeWindow window = ProbeWindow.of(device);
        for (Mark mark : MARKS) {
            if (window.has(mark.position(), mark.magic())) {
                return Optional.of(mark.contents());
            }
        }
        Optional<String> known = ext(window)
                .or(() -> swap(window))
                .or(() -> md(window))
                .or(() -> zfs(window))
                .or(() -> backupGpt(window))
                .or(() -> mbr(window));
        if (known.isPresent()) {
            return known;
        }
        return window.isZero() && window.isZeroBetween(device)
                ? Optional.empty()
                : Optional.of("something that is not empty");
    }

    private static Optional<String> ext(ProbeWindow window) {
        if (window.number(EXT_SUPERBLOCK + 0x38, 2) != EXT_MAGIC) {
            return Optional.empty();
        }
        long compat = window.number(EXT_SUPERBLOCK + 0x5C, 4);
        long incompat = window.number(EXT_SUPERBLOCK + 0x60, 4);
        if ((incompat & EXT_INCOMPAT_JOURNAL_DEVICE) != 0) {
            return Optional.of("the journal of an ext file system");
        }
        if ((incompat & ~EXT_INCOMPAT_BEFORE_EXT4) != 0) {
            return Optional.of("an ext4 file system");
        }
        return Optional.of((compat & EXT_COMPAT_HAS_JOURNAL) != 0 ? "an ext3 file system" : "an ext2 file system");
    }

    private static Optional<String> swap(ProbeWindow window) {
        for (int pageSize : PAGE_SIZES) {
            for (String magic : SWAP_MAGICS) {
                if (window.has(pageSize - 10, magic)) {
                    return Optional.of("swap space");
                }
            }
        }
        return Optional.empty();
    }

    /**
     * Looks for the superblock of each version: 1.1 at the start, 1.2 at 4 KiB, 1.0 some 8 KiB before the end, 0.90 at
     * least 64 KiB before the end.
     */
    private static Optional<String> md(ProbeWindow window) {
        long version10 = (window.bytes() / SECTOR - 16) / 8 * 8 * SECTOR;
        long version090 = window.bytes() / (64 * KIB) * (64 * KIB) - 64 * KIB;
        for (long position : new long[] {0, 4 * KIB, version10, version090}) {
            if (window.has(position, MD_MAGIC)) {
                return Optional.of("a member of a Linux software RAID (md)");
            }
        }
        return Optional.empty();
    }

    /**
     * Looks for an uberblock. A member of a pool has four labels, two at each end, and each label has a ring of
     * uberblocks in its second half.
     */
    private static Optional<String> zfs(ProbeWindow window) {
        long end = window.bytes() / ZFS_LABEL * ZFS_LABEL;
        for (long label : new long[] {0, ZFS_LABEL, end - 2 * ZFS_LABEL, end - ZFS_LABEL}) {
            for (int uberblock = ZFS_UBERBLOCKS; uberblock < ZFS_LABEL; uberblock += KIB) {
                if (window.has(label + uberblock, ZFS_MAGIC_LITTLE_ENDIAN)
                        || window.has(label + uberblock, ZFS_MAGIC_BIG_ENDIAN)) {
                    return Optional.of("a member of a ZFS pool");
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> backupGpt(ProbeWindow window) {
        boolean found =
                window.has(window.bytes() - SECTOR, "EFI PART") || window.has(window.bytes() - 4 * KIB, "EFI PART");
        return found
                ? Optional.of("a GPT partition table, of which only the copy at the end is left")
                : Optional.empty();
    }

    /**
     * Looks for the signature. Boot sectors of file systems have it, too. It is a partition table if each entry has a
     * valid status and one entry is in use.
     */
    private static Optional<String> mbr(ProbeWindow window) {
        if (window.number(MBR_SIGNATURE, 2) != 0xAA55) {
            return Optional.empty();
        }
        boolean used = false;
        for (int entry = MBR_ENTRIES; entry < MBR_SIGNATURE; entry += MBR_ENTRY) {
            long status = window.number(entry, 1);
            if (status != 0 && status != 0x80) {
                return Optional.of("a boot sector");
            }
            used |= window.number(entry + 4, 1) != 0;
        }
        return Optional.of(used ? "an MBR partition table" : "a boot sector");
    }
}
