# shellcheck shell=bash
# The Debian packages of the sources as they are, for the tests that install them: of their version and of the next one.
# Each is built once for the same sources. To be sourced after dev.sh.

# shellcheck disable=SC2034 # for those who source this
packages_folder=$PWD/.build/package
newer_folder=$PWD/.build/package-newer
# shellcheck disable=SC2034
newer_version='' newer_deb=''

# Prints the files of the sources, ended by NUL, as they are now.
source_files() {
    local file
    while IFS= read -r -d '' file; do
        [[ ! -e $file ]] || printf '%s\0' "$file"
    done < <(git ls-files -z --cached --others --exclude-standard)
}

# Prints what tells sources apart: a hash of all their files, or nothing where Git does not know them.
sources_id() {
    git rev-parse --git-dir >/dev/null 2>&1 || return 0
    source_files | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# Returns whether a folder has the packages of the sources as they are now.
packages_are_new() { [[ -s $1/sources && $(cat "$1/sources") == "$(sources_id)" ]]; }

# Copies the sources to another place.
copy_sources() { source_files | xargs -0 cp --parents -t "$1"; }

# Builds the packages, if those that are there are of other sources.
need_packages() { packages_are_new "$packages_folder" || ./dev package; }

# Builds the Debian package of the next version, in a copy of the sources. Its file is in `newer_deb` afterwards, its number
# in `newer_version`.
need_newer_package() {
    local version copy id
    version=$(sed -n 's:.*<revision>\(.*\)</revision>.*:\1:p' pom.xml)
    version=${version%%-*}
    newer_version=${version%.*}.$((${version##*.} + 1))
    if ! packages_are_new "$newer_folder"; then
        say "building version $newer_version …"
        id=$(sources_id)
        copy=$(mktemp -d)
        copy_sources "$copy"
        sed -i "s:<revision>.*</revision>:<revision>$newer_version</revision>:" "$copy/pom.xml"
        (cd "$copy" && ./dev package --output "$newer_folder" >/dev/null)
        rm -rf "$copy"
        echo "$id" >"$newer_folder/sources"
    fi
    # shellcheck disable=SC2034
    newer_deb=$(echo "$newer_folder"/*.deb)
}
