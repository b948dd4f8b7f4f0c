# shellcheck shell=bash
# What ./dev package --test does. To be sourced after dev.sh, with `output` set and the packages in it.

# shellcheck source=dev.d/lib/packages.sh
source dev.d/lib/packages.sh
# shellcheck source=dev.d/lib/debian.sh
source dev.d/lib/debian.sh

test_package() {
    output=${output:?}
    package_again
    need_newer_package
    install_packages debootstrap systemd
    if [[ $(id -u) != 0 ]] || ! command -v debootstrap >/dev/null; then
        die "installing it needs root on Debian, and debootstrap"
    fi
    mkdir -p .build/package-test
    trap debian_remove EXIT
    debian_make "$PWD/.build/package-test/debian"
    debian_mount
    package_life
    say "the package does what it should"
}

# Builds the packages again in a copy of the sources at another place; the bytes must be the same.
package_again() {
    local copy file
    copy=$(mktemp -d)
    copy_sources "$copy"
    say "building again in $copy …"
    (cd "$copy" && SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH ./dev package --output "$copy/out" >/dev/null)
    for file in "$output"/holdfast[-_]*; do
        cmp "$file" "$copy/out/${file##*/}" || die "two builds give two different ${file##*/}"
        echo " ok built twice, the same bytes: ${file##*/} $(sha256sum "$file" | cut -c 1-16)…"
    done
    rm -rf "$copy"
}

# Prints a page of the package.
page_of() { dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/share/doc/holdfast/$2"; }

# The packages that Holdfast suggests, and what an administrator looks at things with.
install_suggested() {
    local suggested
    # shellcheck disable=SC2016 # dpkg-query's own
    suggested=$(inside dpkg-query -W -f '${Suggests}' holdfast | tr -d ,)
    apt-config dump | grep '^Acquire::http' >"$tree/etc/apt/apt.conf.d/99proxy" || true
    # shellcheck disable=SC2086 # names
    inside env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"' \
        sh $suggested file man-db openssl >"$tree.log" 2>&1 || die "apt: $(tail -n 3 "$tree.log")"
    echo " ok installed what the package suggests: $suggested"
}

# Installs, uses, upgrades, removes and purges.
package_life() {
    local deb line volume=/var/lib/holdfast/vms.holdfast
    deb=$(echo "$output"/*.deb)
    cp "$deb" "$tree/root/"
    [[ -z $(inside sh -c 'command -v java || true') ]] || die "that Debian has a Java"
    inside groupadd -f kvm # which udev makes on a machine

    # README's first commands, as they stand there, but for the version.
    while read -r line; do
        line=${line//VERSION/$(dpkg-deb -f "$deb" Version)}
        line=${line//amd64/$(dpkg-deb -f "$deb" Architecture)}
        inside env DEBIAN_FRONTEND=noninteractive sh -c "cd && $line" >"$tree.log" 2>&1 || die "$line: $(tail -n 5 "$tree.log")"
        echo " ok README: ${line%%  *}"
    done < <(page_of "$deb" README.md | awk '/^## Install/ { on = 1 } /^```/ { inside = !inside; next } /^## From/ { exit } on && inside')
    echo "    $(tail -n 1 "$tree.log")"
    grep -q '^All 9 proofs hold' "$tree.log" || die "README has no demo, or it proves nothing: $(tail -n 3 "$tree.log")"
    echo " ok installed: $(inside holdfast --version), $(inside du -sm /usr/lib/holdfast | cut -f 1) MiB with its caches"
    inside sh -c 'test -s /usr/lib/holdfast/server.aot && test -s /usr/lib/holdfast/holdfast.aot' || die "there are no caches"
    [[ $(inside stat -c %U:%a /var/lib/holdfast) == holdfast:750 ]] || die "/var/lib/holdfast is not the user's"
    inside id -nG holdfast | grep -qw kvm || die "the user holdfast is not in the group kvm"

    cp -r dev.d/lib/package "$tree/root/test"
    inside /root/test/afternoon || die "an administrator's afternoon ended there"
    install_suggested
    inside /root/test/tools || die "what the package suggests does not do"

    inside su -s /bin/sh holdfast -c "holdfast format $volume --size 64M >/dev/null && holdfast create $volume /disk.img --size 4M"
    inside cp /usr/share/doc/holdfast/examples/vms.toml /etc/holdfast/vms.toml
    inside holdfast serve --config /etc/holdfast/vms.toml --check-config
    cp "$newer_deb" "$tree/root/newer.deb"
    inside /root/test/upgrade /root/newer.deb "$newer_version" || die "the upgrade ended there"
    [[ $(inside holdfast ls "$volume") == *disk.img* ]] || die "the upgrade lost the volume"
    inside test -e /etc/holdfast/vms.toml || die "the upgrade lost the configuration"
    inside test -s /usr/lib/holdfast/server.aot || die "the upgrade made no caches"
    echo " ok volume, configuration and caches are there after the upgrade"

    inside dpkg -r holdfast >"$tree.log" 2>&1 || die "dpkg -r: $(tail -n 3 "$tree.log")"
    inside test -e "$volume" || die "the removal took the volume"
    inside test -e /etc/holdfast/vms.toml || die "the removal took the configuration"
    inside test ! -e /usr/lib/holdfast || die "the removal left $(inside find /usr/lib/holdfast | head -n 3)"
    echo " ok removed: volume and configuration stay, nothing else does"

    inside dpkg -P holdfast >"$tree.log" 2>&1 || die "dpkg -P: $(tail -n 3 "$tree.log")"
    inside test -e "$volume" || die "the purge took the volume"
    inside test ! -e /etc/holdfast || die "the purge left the configuration"
    echo " ok purged: the volume stays, the configuration does not"

    inside sh -c 'dpkg -i /root/holdfast_*.deb' >"$tree.log" 2>&1 || die "dpkg -i: $(tail -n 3 "$tree.log")"
    inside rm -r "$volume"
    inside dpkg -P holdfast >"$tree.log" 2>&1 || die "dpkg -P: $(tail -n 3 "$tree.log")"
    inside test ! -e /var/lib/holdfast || die "the purge left an empty folder"
    inside sh -c '! getent passwd holdfast' || die "the purge left a user without volumes"
    echo " ok purged without volumes: folder and user are gone"
}
