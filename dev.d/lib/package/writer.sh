# shellcheck shell=bash
# A client that writes without end to the first 64 blocks of a disk, by QEMU with a reconnect delay, and knows what it has
# written. To be sourced where the package is installed.

writer='' writer_folder=''
writer_blocks=64
writer_seconds_max=60

# Starts it. Each write is durable when it is acknowledged (FUA), so none may be lost, whatever becomes of the server.
#   $1   an empty folder
#   $2   the socket
#   $3   the export
writer_start() {
    writer_folder=$1
    writer_uri="nbd+unix:///$3?socket=$2"
    echo 0 >"$writer_folder/round"
    writer_commands | qemu-io --image-opts "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=$2,$(
    )file.export=$3,file.reconnect-delay=600" >"$writer_folder/out" 2>&1 &
    writer=$!
}

# A round writes each block and reads it back. Rounds have different patterns.
writer_commands() {
    local round=0 block
    while [[ ! -e $writer_folder/enough ]]; do
        round=$((round + 1))
        for ((block = 0; block < writer_blocks; block++)); do
            echo "write -f -P $((round % 251 + 1)) $((block * 4))k 4k"
            echo "read -P $((round % 251 + 1)) $((block * 4))k 4k"
        done
        echo "$round" >"$writer_folder/round"
    done
}

# Returns when two rounds more have been acknowledged; 1 if the client has ended, or stands still.
writer_goes_on() {
    local before now deadline=$((SECONDS + writer_seconds_max))
    before=$(writer_count)
    now=$before
    while ((now < before + 2 * writer_blocks)); do
        kill -0 "$writer" 2>/dev/null || return 1
        ((SECONDS < deadline)) || return 1
        sleep 0.2
        now=$(writer_count)
    done
}

writer_count() { grep -c 'wrote 4096/4096 bytes' "$writer_folder/out" || true; }

# Ends it, whatever it is doing.
writer_kill() {
    touch "$writer_folder/enough"
    kill -KILL "$writer" 2>/dev/null || true
}

# Ends it; returns 1 if a request failed, or another client does not find what was written last. Then `writer_fault` says which.
writer_end() {
    local round status=0
    touch "$writer_folder/enough"
    wait "$writer" || status=$?
    writer=''
    round=$(cat "$writer_folder/round")
    writer_fault=$(grep -iE 'fail|error|denied' "$writer_folder/out" | head -n 3)
    [[ $status == 0 && -z $writer_fault ]] || return 1
    if [[ $(writer_count) != $((round * writer_blocks)) ]]; then
        writer_fault="$(writer_count) writes were acknowledged, of $((round * writer_blocks))"
        return 1
    fi
    writer_fault=$(qemu-io -r -f raw -c "read -P $((round % 251 + 1)) 0 $((writer_blocks * 4))k" "$writer_uri" 2>&1) || return 1
    [[ $writer_fault != *erification* && $writer_fault == *"read $((writer_blocks * 4096))/"* ]]
}
