# shellcheck shell=bash
# The benchmark harness, for ./dev bench and ./dev profile. To be sourced after dev.sh.

build_harness() {
    need_java
    need_maven
    say "building …"
    maven -q -DskipTests -pl bench -am package
    # The script holdfast builds what it needs itself.
    ./holdfast --version >/dev/null
}

# Runs a class of the harness. It replaces the shell, so that Ctrl-C and kill reach what has to clean up.
harness() {
    exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC -Xmx1g -XX:+UseCompactObjectHeaders --enable-native-access=ALL-UNNAMED \
        -Dholdfast.root="$PWD" -Dbench.command="./dev ${0##*/} $ARGUMENTS" -cp "bench/target/bench/lib/*" "$@"
}
