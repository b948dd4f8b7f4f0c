# shellcheck shell=bash
# Runs the commands of installed pages as they stand there. To be sourced in the Debian of ./dev package --test.

documents=/usr/share/doc/holdfast
server='' server_out=''

failed() {
    echo "FAILED: $*" >&2
    exit 1
}
ok() { echo " ok $*"; }

# Runs a command; what it prints is in `printed` afterwards.
#   $1   the status that it ends with
#   $2   a pattern of the shell for all that it prints, on either output
gives() {
    local expected=$1 pattern=$2 status=0
    shift 2
    printed=$("$@" 2>&1) || status=$?
    [[ $status == "$expected" ]] || failed "status $status and not $expected: $*: $printed"
    # shellcheck disable=SC2053 # a pattern
    [[ $printed == $pattern ]] || failed "not as expected, '$pattern': $*: $printed"
}

# Starts a server with a command line of a page; returns when clients can connect.
serve() {
    local line
    coproc SERVER { eval "exec $1" 2>>server.log; }
    server=$SERVER_PID
    exec {server_out}<&"${SERVER[0]}"
    while read -r -t 60 -u "$server_out" line; do
        [[ $line != ready* ]] || return 0
    done
    failed "the server does not start: $1: $(tail -n 5 server.log)"
}

# Stops the server, which must end well.
stop() {
    local status=0
    [[ -n $server ]] || return 0
    kill -TERM "$server"
    wait "$server" || status=$?
    exec {server_out}<&-
    server=''
    [[ $status == 0 ]] || failed "the server ended with status $status: $(tail -n 5 server.log)"
}

# Prints a part of a page: from its heading to the next one of the same level or above.
part() {
    awk -v heading="$2" '
        /^```/ { fence = !fence }
        !fence && $0 == heading { inside = 1; level = length($1); print; next }
        inside && !fence && /^#+ / && length($1) <= level { exit }
        inside { print }' "$documents/$1"
}

# Prints what stands in blocks of code without a language.
plain_blocks() { awk '/^```/ { inside = !inside && $0 == "```"; next } inside { print }'; }

# Prints the commands of holdfast that stand within sentences, one a line.
# shellcheck disable=SC2016 # marks of the page
commands_in_sentences() { tr '\n' ' ' | grep -o '`holdfast [^`]*`' | tr -d '`' | tr -s ' '; }

# Numbers, with their units, differ from run to run.
without_numbers() { sed -E 's/[0-9]+(\.[0-9]+)?( (ms|s|KiB|MiB|GiB)\b)?/0/g'; }

# Turns what a page shows into a pattern: … stands for anything, and as a line for any lines or none.
pattern_of() {
    without_numbers | sed -E 's/[][\\*?]/\\&/g; s/…/*/g' |
        awk '{ printf "%s%s", (NR > 1 && $0 != "*" && !any ? "\n" : ""), $0; any = $0 == "*" }'
}

# Runs the commands of a console block, on standard input, each with the lines below it as what it prints.
console() {
    local line command='' shown=''
    while IFS= read -r line; do
        if [[ $line == '$ '* ]]; then
            console_command "$command" "$shown"
            command=${line#'$ '} shown=
        else
            shown+=$line$'\n'
        fi
    done
    console_command "$command" "$shown"
}

console_command() {
    local status=0 found pattern
    [[ -n $1 ]] || return 0
    found=$(eval "$1" 2>&1 </dev/null) || status=$?
    [[ $status == 0 ]] || failed "status $status: $1: $found"
    found=$(without_numbers <<<"$found")
    pattern=$(pattern_of <<<"${2%$'\n'}")
    # shellcheck disable=SC2053 # a pattern
    [[ $found == $pattern ]] || failed "$1 prints $found and not $pattern"
    commands=$((commands + 1))
}

# Goes through a page: runs its console blocks, and serves what a comment `serve` says. Leaves out the block behind most
# other comments, which takes a virtual machine. How much was done is in `commands` and `served` afterwards.
read_page() {
    local line block kind=console
    commands=0 served=0
    while IFS= read -r line; do
        case $line in
        '<!-- serve -->') kind=serve ;;
        '<!-- stop -->') stop ;;
        '<!-- no guest -->' | '<!-- copied '*) ;;
        '<!-- '*) kind=other ;;
        '```'*)
            block=''
            while IFS= read -r inner && [[ $inner != '```' ]]; do
                block+=$inner$'\n'
            done
            case $kind:$line in
            serve:*)
                stop
                serve "$block"
                served=$((served + 1))
                ;;
            console:'```console') console <<<"${block%$'\n'}" ;;
            esac
            kind=console
            ;;
        esac
    done <"$documents/$1"
}
