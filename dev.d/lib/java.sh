# shellcheck shell=bash
# Finds the JDK and Maven. To be sourced by a script that defines say and die.

# Sets JAVA_HOME to a JDK 25, or ends with the way to get one.
need_java() {
    local candidate
    for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25* /usr/lib/jvm/* /opt/*jdk*25*; do
        if [[ -n $candidate && -x $candidate/bin/javac && -r $candidate/release ]] &&
            grep -q '^JAVA_VERSION="25' "$candidate/release"; then
            export JAVA_HOME=$candidate
            return
        fi
    done
    die "needs a JDK 25, and none is in JAVA_HOME or /usr/lib/jvm: install one (Debian: apt-get install" \
        "openjdk-25-jdk-headless, or temurin-25-jdk from Adoptium) or set JAVA_HOME"
}

# Makes sure of Maven; root on Debian gets it installed.
need_maven() {
    command -v mvn >/dev/null && return
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        say "installing maven …"
        if apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y maven >&2; then
            return
        fi
    fi
    die "needs Maven to build: install it (Debian: apt-get install maven) and run this again"
}
