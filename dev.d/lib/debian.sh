# shellcheck shell=bash
# A small Debian of this machine's release in the folder `tree`, to try packages in. To be sourced after dev.sh.

tree=''

# Makes it, with the archive that apt's sources name.
#   $1     the folder
#   $2 …   more packages
debian_make() {
    local codename uri more proxy
    tree=$1
    shift
    more=adduser$(printf ',%s' "$@")
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    uri=$(apt-get update --print-uris 2>/dev/null | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1)
    [[ -n $uri ]] || die "apt's sources do not name an archive with $codename"
    debian_remove
    mkdir -p "$tree"
    say "making a Debian $codename in $tree …"
    # A proxy that apt goes through is for debootstrap as well.
    proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy | head -n 1)
    ${proxy:+env http_proxy="$proxy"} debootstrap --variant=minbase --include="${more%,}" "$codename" "$tree" "$uri" \
        >"$tree.log" 2>&1 || {
        tail -n 5 "$tree.log" >&2
        die "debootstrap failed"
    }
    rm -rf "$tree"/var/cache/apt/archives/*.deb
}

# Gives it what programs expect.
debian_mount() {
    mount -t proc proc "$tree/proc"
    mount -t devpts -o ptmxmode=0666 devpts "$tree/dev/pts" # a command that asks needs a terminal
}

debian_unmount() {
    local place
    for place in "$tree/dev/pts" "$tree/proc"; do
        ! mountpoint -q "$place" || umount "$place"
    done
}

# Removes it. Never what is mounted in it.
debian_remove() {
    debian_unmount
    rm -rf --one-file-system "$tree"
}

inside() { chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
