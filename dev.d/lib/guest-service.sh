# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # dev.d/guest, which sources this, sets and uses them
# What ./dev guest --service does: a Debian with systemd, emulated, with the package and a volume that systemd serves.
# A client in it writes; the machine is cut off in mid-write and boots again. To be sourced by dev.d/guest.

# Makes the image of the machine: a Debian with systemd and the package, in an ext4 file system.
service_image() {
    local folder=$run/service image=$run/service.img
    # shellcheck source=dev.d/lib/package-test.sh
    source dev.d/lib/package-test.sh
    package_root "$folder" systemd-sysv libnbd-bin qemu-utils udev
    cp "$(echo .build/package/*.deb)" "$folder/root/holdfast.deb"
    mount -t proc proc "$folder/proc"
    chroot "$folder" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin dpkg -i /root/holdfast.deb >"$run/dpkg.log" 2>&1 ||
        die "the package cannot be installed: $(tail -n 3 "$run/dpkg.log")"
    umount "$folder/proc"
    install -D -m 755 dev.d/lib/guest/service-test "$folder/usr/local/sbin/service-test"
    cat >"$folder/etc/systemd/system/service-test.service" <<EOF
[Unit]
After=multi-user.target
[Service]
Type=idle
ExecStart=/usr/local/sbin/service-test
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
EOF
    mkdir -p "$folder/etc/systemd/system/default.target.wants"
    ln -s ../service-test.service "$folder/etc/systemd/system/default.target.wants/service-test.service"
    ln -sf /dev/null "$folder/etc/systemd/system/systemd-networkd-wait-online.service"
    printf 'volume = "/var/lib/holdfast/vms.holdfast"\nmemory = "64M"\n' >"$folder/etc/holdfast/vms.toml"
    echo '/dev/vda / ext4 defaults 0 1' >"$folder/etc/fstab"
    echo service >"$folder/etc/hostname"
    rm -f "$image"
    truncate -s 3G "$image"
    PATH=$PATH:/usr/sbin mkfs.ext4 -q -d "$folder" "$image"
    rm -rf "$folder"
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

service_boot() {
    rm -f "$run/console.pipe"
    mkfifo "$run/console.pipe"
    "$qemu" -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -nodefaults -nographic -no-reboot \
        -kernel "$(echo "$cache"/kernel/boot/vmlinuz-*)" -initrd "$run/service-initramfs" \
        -append "console=ttyS0 quiet panic=-1 hf.step=$1 systemd.show_status=0" \
        -drive "file=$run/service.img,if=none,id=disk,format=raw,cache=none" -device virtio-blk-pci,drive=disk \
        -serial stdio >"$run/console.pipe" 2>>"$run/console.log" </dev/null &
    machine=$!
    exec {console}<"$run/console.pipe"
}

try_service() {
    local began=$SECONDS
    run=$cache/run-service
    line_seconds_max=1200
    rm -rf "$run"
    mkdir -p "$run"
    ls .build/package/*.deb >/dev/null 2>&1 || ./dev package
    say "making the machine …"
    service_image
    service_initramfs
    echo "Boot 1: the socket is enabled, a client writes, the server is stopped, killed and upgraded under it"
    service_boot 1
    await_guest "RESTARTS"
    await_guest "WRITING"
    echo "    kill -9 of the machine in mid-write"
    kill_nine "$machine"
    machine=''
    echo "Boot 2: systemd serves the volume again"
    service_boot 2
    await_guest "DONE"
    wait "$machine" || die "QEMU failed: $(tail -n 3 "$run/console.log")"
    machine=''
    echo "The service lost nothing that was flushed; it took $((SECONDS - began)) s."
}
