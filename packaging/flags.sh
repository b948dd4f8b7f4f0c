# shellcheck shell=bash
# The flags of the Java virtual machine for a command of holdfast; for the script of a checkout and that of a package.
# Sets the array `flags`. `home` is the folder with the ahead-of-time caches, `classes` the class path. Shared, so that both
# start the same program.
# shellcheck disable=SC2154 # who sources this sets them

# What the flags are for, and what was measured: docs/HACKING.md, «Flags of the virtual machine».
common=(-XX:+UseCompactObjectHeaders --enable-native-access=ALL-UNNAMED -Dfile.encoding=UTF-8)
short=(-Dholdfast.io=plain -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m)
server=(-XX:TrimNativeHeapInterval=1000 -Xms64m -XX:MaxDirectMemorySize=64m
    -XX:+ExitOnOutOfMemoryError -XX:+DisplayVMOutputToStderr -Djdk.nio.maxCachedBufferSize=262144)
small_heap=(-XX:+UseSerialGC)
large_heap=(-XX:+UseG1GC -XX:MaxGCPauseMillis=10 -XX:G1MixedGCCountTarget=32
    -XX:-G1UseAdaptiveIHOP -XX:InitiatingHeapOccupancyPercent=80)
# Without a move to a random address the cache stays a mapped file in place of 25 MiB of private memory.
cached=(-XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0 -Xlog:aot=off -Xlog:cds=off)

# Prints the value of the key memory in a configuration file. The file is TOML; its tables are exports, which have no such
# key, so the key stands at the beginning of a line. The server checks what this found.
memory_in_file() {
    sed -nE "s/^[[:space:]]*[\"']?memory[\"']?[[:space:]]*=[[:space:]]*[\"']?([0-9][^\"'#]*)[\"']?[[:space:]]*(#.*)?\$/\1/p" \
        -- "$1" 2>/dev/null | head -n 1 | tr -d '_'
}

# Prints the MiB of --memory, of the command line or else of the configuration file.
server_memory() {
    local value='' file='' previous=
    for argument in "$@"; do
        case $argument in
        --memory=*) value=${argument#--memory=} ;;
        --config=*) file=${argument#--config=} ;;
        *)
            case $previous in
            --memory) value=$argument ;;
            --config) file=$argument ;;
            esac
            ;;
        esac
        previous=$argument
    done
    if [[ -z $value && -n $file ]]; then
        value=$(memory_in_file "$file")
    fi
    value=${value//[[:space:]]/}
    value=${value:-1G}
    # A part of a unit counts as a whole one.
    local mib=1024 more
    if [[ $value =~ ^([0-9]+)(\.[0-9]+)?([KkMmGgTt])?([Ii]?[Bb])?$ ]]; then
        more=$((${#BASH_REMATCH[2]} > 0))
        case ${BASH_REMATCH[3]} in
        [Kk]) mib=$(((BASH_REMATCH[1] + more + 1023) / 1024)) ;;
        [Mm]) mib=$((BASH_REMATCH[1] + more)) ;;
        [Gg]) mib=$(((BASH_REMATCH[1] + more) * 1024)) ;;
        [Tt]) mib=$(((BASH_REMATCH[1] + more) * 1024 * 1024)) ;;
        *) mib=$(((BASH_REMATCH[1] + 1048575) / 1048576)) ;;
        esac
    fi
    echo "$mib"
}

# Adds the flags of a server. Its heap has a fixed size: what grows with use lies outside it and is part of --memory. So
# is what comes on top here, for the objects of cached pages (core's MemoryPlan).
server_flags() {
    local mib young=20
    mib=$(server_memory "$@")
    flags+=("-Dholdfast.heap-for-mib=$mib")
    # A server with little memory has few pages, and all else of the process should be small, too.
    ((mib >= 128)) || young=12
    if ((mib <= 2048)); then
        flags+=("${server[@]}" "${small_heap[@]}" "-Xmn${young}m" "-Xmx$((64 + mib / 32))m")
    else
        flags+=("${server[@]}" "${large_heap[@]}" "-Xmx$((64 + mib / 20))m")
    fi
}

# Sets the flags for a command line.
set_flags() {
    flags=("${common[@]}")
    # These options may stand before the name of the command.
    local name=''
    for name in "$@"; do
        [[ $name =~ ^(--json|--debug|-q|--quiet)$ ]] || break
    done
    case $name in
    serve)
        server_flags "$@"
        [[ ! -e $home/server.aot ]] || flags+=(-XX:AOTCache="$home/server.aot" "${cached[@]}")
        ;;
    check | cp | demo | export | import | trim) flags+=(-XX:+UseSerialGC -Xmx1g) ;;
    *)
        flags+=("${short[@]}")
        [[ ! -e $home/holdfast.aot ]] || flags+=(-XX:AOTCache="$home/holdfast.aot" "${cached[@]}")
        ;;
    esac
    # More flags for the Java virtual machine may be given in HOLDFAST_JAVA_OPTS.
    local extra
    read -r -a extra <<<"${HOLDFAST_JAVA_OPTS:-}"
    flags+=("${extra[@]}")
}

# Makes both ahead-of-time caches in the folder home, from rehearsals with the classes in `classes`.
#   $1   an empty folder
make_caches() {
    mkdir "$1/commands" "$1/server"
    rehearse holdfast "$1/commands" commands "${common[@]}" "${short[@]}"
    rehearse server "$1/server" server "${common[@]}" "${large_heap[@]}" "${server[@]}" -Xmx256m
}

# Makes the cache of that name from a rehearsal of that kind, with these flags: the same as in use later. The cache takes
# its place at once when it is whole.
rehearse() {
    local cache=$home/$1.aot folder=$2 kind=$3
    shift 3
    if "$JAVA_HOME/bin/java" "$@" -XX:AOTCacheOutput="$cache.new" -cp "$classes" \
        io.holdfast.cli.demo.Rehearsal "$kind" "$folder"; then
        mv "$cache.new" "$cache"
    else
        rm -f "$cache.new"
    fi
}
