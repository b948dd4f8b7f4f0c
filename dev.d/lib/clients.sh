# shellcheck shell=bash
# Unpacks other people's NBD clients, those of the Debian releases that this machine does not have itself, for tests
# and for ./dev guest. To be sourced after dev.sh.
#
#   .build/clients/debian-13/root      the packages' files and the libraries that they need, the C library included
#   .build/clients/debian-13/bin       a script for each program, which runs it with those libraries and no others
#   .build/clients/debian-13/version   what made the two; when it is another, they are made again
#
# apt does it by a configuration of its own: it neither reads nor changes what the host has installed. It asks the
# archive that the host's sources name, and verifies what comes with the archive's keys, which the host has.

clients_folder=$PWD/.build/clients

# What is not unpacked though something depends on it: nothing here runs it.
clients_left_out=(
    adduser base-passwd debconf dpkg init-system-helpers ipxe-qemu libpam-modules libpam-runtime
    libtorrent-rasterbar2.0 libtorrent-rasterbar2.0t64 login.defs media-types mount netbase passwd
    readline-common sed tar tzdata
)

# Unpacks the clients of every release that tests know and the host is not. Where it cannot be done, it says why.
get_clients() {
    local release
    for release in 12 13; do
        if [[ $(clients_host VERSION_ID) != "$release" ]]; then
            (get_clients_of "$release") || say "tests with the clients of Debian $release are left out"
        fi
    done
}

# Prints this from /etc/os-release: VERSION_ID or VERSION_CODENAME of a Debian, nothing on another system.
clients_host() (
    # shellcheck source=/dev/null
    source /etc/os-release 2>/dev/null || true
    if [[ ${ID:-} == debian ]]; then
        echo "${!1:-}"
    fi
)

get_clients_of() {
    local release=$1 folder=$clients_folder/debian-$1 new=$clients_folder/debian-$1.new version clients_lock
    version=$(cat "${BASH_SOURCE[0]}" dev.d/lib/clients/run | sha256sum)
    mkdir -p "$clients_folder"
    # Held until this subshell ends.
    exec {clients_lock}>"$clients_folder/lock"
    flock "$clients_lock"
    if [[ -f $folder/version && $(<"$folder/version") == "$version" ]]; then
        return
    fi
    say "unpacking the NBD clients of Debian $release …"
    rm -rf "$new" &&
        mkdir "$new" &&
        clients_download "$release" "$new" &&
        clients_unpack "$new" &&
        clients_wrap "$new" &&
        rm -rf "$new/apt" "$folder" &&
        echo "$version" >"$new/version" &&
        mv "$new" "$folder"
}

# Downloads the packages and what they depend on into $2/apt/cache/archives.
clients_download() {
    local release=$1 apt=$2/apt codename packages uri host package
    case $release in
    12) codename=bookworm packages=(libnbd-bin nbdkit python3-libnbd qemu-system-x86 qemu-utils) ;;
    13) codename=trixie packages=(libnbd-bin nbdfuse nbdkit python3-libnbd qemu-system-x86 qemu-utils) ;;
    *) die "Debian $release is not known here" ;;
    esac
    host=$(clients_host VERSION_CODENAME)
    if [[ -z $host ]] || ! command -v apt-get >/dev/null; then
        say "this is not Debian, so its packages cannot be had"
        return 1
    fi
    uri=$(apt-get update --print-uris 2>/dev/null | sed -n "s|^'\(.*\)/dists/$host/InRelease'.*|\1|p" | head -n 1)
    if [[ -z $uri ]]; then
        say "apt's sources do not name an archive with $host"
        return 1
    fi
    mkdir -p "$apt"/{lists,cache/archives,state}
    {
        printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$codename"
        # Without it apt takes any key that the host trusts.
        if [[ -r /usr/share/keyrings/debian-archive-keyring.gpg ]]; then
            echo 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
        fi
    } >"$apt/debian.sources"
    for package in "${clients_left_out[@]}"; do
        printf 'Package: %s\nStatus: install ok installed\nVersion: 99:1\nArchitecture: all\nMulti-Arch: foreign\n' "$package"
        printf 'Maintainer: nobody\nDescription: left out\n\n'
    done >"$apt/status"
    # Read last, so it wins over the host's configuration, of which the proxy is wanted.
    cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Log "$apt/state";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    if ! { apt-get -c "$apt/apt.conf" -q update -o APT::Update::Error-Mode=any &&
        apt-get -c "$apt/apt.conf" -q -y --download-only install "${packages[@]}"; } >"$apt/log" 2>&1; then
        tail -n 5 "$apt/log" >&2
        say "apt could not get the packages of Debian $release"
        return 1
    fi
}

# Unpacks what was downloaded, without its documentation.
clients_unpack() {
    local root=$1/root folder package
    mkdir -p "$root/usr"
    # As Debian is laid out since release 12; packages of that release still name the old places.
    for folder in bin lib lib64 sbin; do
        mkdir -p "$root/usr/$folder"
        ln -s "usr/$folder" "$root/$folder"
    done
    for package in "$1"/apt/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner \
            --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*' || return 1
    done
}

# Writes the scripts in bin.
clients_wrap() {
    local root=$1/root bin=$1/bin program
    mkdir "$bin"
    for program in nbdcopy nbdfuse nbdinfo nbdkit nbdsh qemu-img qemu-io qemu-nbd qemu-storage-daemon qemu-system-x86_64; do
        if [[ ! -e $root/usr/bin/$program && ! -e $root/usr/sbin/$program ]]; then
            say "the packages have no $program"
            return 1
        fi
        install -m 755 dev.d/lib/clients/run "$bin/$program"
    done
}
