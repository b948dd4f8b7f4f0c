# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # dev.d/guest, which sources this, sets and uses them
# What ./dev guest --service does: a Debian with systemd, emulated, with the package and a volume that systemd serves.
# A client in it writes; the machine is cut off in mid-write and boots again. To be sourced by dev.d/guest.

# shellcheck source=dev.d/lib/packages.sh
source dev.d/lib/packages.sh
# shellcheck source=dev.d/lib/debian.sh
source dev.d/lib/debian.sh

# Makes the image of the machine: a Debian with systemd and the package, in an ext4 file system.
service_image() {
    local image=$run/service.img
    tree=$run/service
    debian_make "$tree" systemd-sysv libnbd-bin qemu-utils udev
    mkdir -p "$tree/usr/local/lib/service-test"
    cp dev.d/lib/package/writer.sh "$tree/usr/local/lib/service-test/"
    cp "$(echo "$packages_folder"/*.deb)" "$tree/root/holdfast.deb"
    cp "$newer_deb" "$tree/root/newer.deb"
    debian_mount
    inside dpkg -i /root/holdfast.deb >"$run/dpkg.log" 2>&1 || die "the package cannot be installed: $(tail -n 3 "$run/dpkg.log")"
    debian_unmount
    install -D -m 755 dev.d/lib/guest/service-test "$tree/usr/local/sbin/service-test"
    cat >"$tree/etc/systemd/system/service-test.service" <<END
[Unit]
After=multi-user.target
[Service]
Type=idle
ExecStart=/usr/local/sbin/service-test
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
END
    mkdir -p "$tree/etc/systemd/system/default.target.wants"
    ln -s ../service-test.service "$tree/etc/systemd/system/default.target.wants/service-test.service"
    # A login prompt would take the console away from the test. The others take time that an emulated machine has not.
    local unit
    for unit in serial-getty@ttyS0.service getty@tty1.service systemd-networkd-wait-online.service systemd-timesyncd.service \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
        ln -sf /dev/null "$tree/etc/systemd/system/$unit"
    done
    # Such a machine may stand still for minutes, while its host does something else.
    mkdir -p "$tree/etc/systemd/system/holdfast@.service.d"
    printf '[Service]\nWatchdogSec=%s\nTimeoutStartSec=%s\nTimeoutStopSec=%s\n' 1h 1h 1h \
        >"$tree/etc/systemd/system/holdfast@.service.d/slow.conf"
    printf 'volume = "/var/lib/holdfast/vms.holdfast"\nmemory = "64M"\n' >"$tree/etc/holdfast/vms.toml"
    echo '/dev/vda / ext4 defaults 0 1' >"$tree/etc/fstab"
    echo service >"$tree/etc/hostname"
    rm -f "$image"
    truncate -s 3G "$image"
    PATH=$PATH:/usr/sbin mkfs.ext4 -q -d "$tree" "$image"
    rm -rf "$tree"
}

# An initramfs that mounts the disk and hands over to the init in it.
service_initramfs() {
    root=$run/service-root
    mkdir -p "$root"/{bin,dev,proc,sys,mnt,modules}
    cp "$(command -v busybox)" "$root/bin/busybox"
    find "$cache/kernel/lib/modules" \( -name 'virtio*.ko' -o -name ext4.ko -o -name jbd2.ko -o -name mbcache.ko \
        -o -name crc16.ko -o -name crc32c_generic.ko -o -name libcrc32c.ko \) -exec cp {} "$root/modules" \;
    install -m 755 dev.d/lib/guest/service-init "$root/init"
    (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$run/service-initramfs"
}

# Boots.
#   $1   what the test in the machine shall do: words for the kernel's command line
service_boot() {
    rm -f "$run/console.pipe"
    mkfifo "$run/console.pipe"
    "$qemu" -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -nographic -no-reboot \
        -kernel "$(echo "$cache"/kernel/boot/vmlinuz-*)" -initrd "$run/service-initramfs" \
        -append "console=ttyS0 quiet panic=-1 systemd.show_status=0 $1 hf.newer=$newer_version" \
        -drive "file=$run/service.img,if=none,id=disk,format=raw,cache=none" -device virtio-blk-pci,drive=disk \
        -serial stdio >"$run/console.pipe" 2>>"$run/console.log" </dev/null &
    machine=$!
    exec {console}<"$run/console.pipe"
}

try_service() {
    local began=$SECONDS flushed
    run=$cache/run-service
    # All is emulated, and slow steps say nothing before their end.
    line_seconds_max=1800
    rm -rf "$run"
    mkdir -p "$run"
    need_packages
    need_newer_package
    say "making the machine …"
    service_image
    service_initramfs
    echo "Boot 1: the socket is enabled, a client writes, the server is stopped, killed and upgraded under it"
    service_boot hf.step=1
    flushed=$((RANDOM % 20 + 5))
    await_guest "FLUSHED $flushed"
    echo "    kill -9 of the machine in mid-write, after $flushed flushed blocks"
    kill_nine "$machine"
    machine=''
    echo "Boot 2: systemd serves the volume again"
    service_boot "hf.step=2 hf.flushed=$flushed"
    await_guest "DONE"
    wait "$machine" || die "QEMU failed: $(tail -n 3 "$run/console.log")"
    machine=''
    echo "The service lost nothing that was flushed; it took $((SECONDS - began)) s."
}
