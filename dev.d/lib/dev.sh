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
