# shellcheck shell=bash
# What the commands of ./dev share.

say() { echo "dev: $*" >&2; }
die() {
    say "$*"
    exit 1
}

# shellcheck source=dev.d/lib/java.sh
source "${BASH_SOURCE[0]%/*}/java.sh"

# Prints the comment at the top of the script, which is its help, and ends if that was asked for.
help_if_asked() {
    local argument
    for argument in "$@"; do
        case $argument in
        -h | --help)
            sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
            exit 0
            ;;
        esac
    done
}

maven() { mvn -B -ntp -Dstyle.color=never "$@"; }

# Installs the packages that are missing, as root on Debian; otherwise names them.
install_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) != 0 ]]; then
        say "not installed, so what needs them is left out: ${missing[*]}"
        return 0
    fi
    say "installing ${missing[*]} …"
    mkdir -p .build
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}"; } >.build/apt.log 2>&1; then
        tail -n 5 .build/apt.log >&2
        say "could not install them, so what needs them is left out"
    fi
}

# Puts the programs of a Debian package on the path without installing it: for one whose service would start with it.
#   $1   the package
#   $2   a program of it that is wanted
unpack_package() {
    local folder=$PWD/.build/unpacked/$1
    if ! command -v "$2" >/dev/null && [[ ! -x $folder/usr/bin/$2 ]] && command -v apt-get >/dev/null; then
        say "downloading $1 for its $2 …"
        rm -rf "$folder"
        mkdir -p "$folder"
        # apt's own user may not write here; as root it says so and downloads all the same.
        if ! (cd "$folder" && apt-get download -qq "$1" && dpkg-deb -x "$1"_*.deb . && rm "$1"_*.deb) \
            >"$folder.log" 2>&1; then
            tail -n 5 "$folder.log" >&2
            say "could not get it, so what needs $2 is left out"
        fi
    fi
    PATH=$PATH:$folder/usr/bin
}
