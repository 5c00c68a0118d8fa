#!/usr/bin/env bash
# Makes sure that mosquitto and its two clients are on this machine; does nothing when they are.
# As root: the system's package. Without root on Debian and Ubuntu: the same packages, unpacked
# under .cache/mosquitto. Nothing is ever started here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$PWD/.cache/mosquitto
programs=(mosquitto mosquitto_pub mosquitto_sub)
PATH=$PATH:/usr/local/sbin:/usr/sbin:$cache/bin

all_found() {
    local program
    for program in "${programs[@]}"; do
        # bash also names a file that it may not run.
        [ -x "$(command -v "$program")" ] || return 1
    done
}

with_root() {
    if command -v apt-get >/dev/null; then
        # A fresh container has no package lists.
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            mosquitto mosquitto-clients >/dev/null 2>&1 && return
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            mosquitto mosquitto-clients >/dev/null
    elif command -v dnf >/dev/null; then
        dnf install -q -y mosquitto
    elif command -v apk >/dev/null; then
        apk add --quiet mosquitto mosquitto-clients
    elif command -v pacman >/dev/null; then
        pacman -S --noconfirm --quiet --needed mosquitto
    else
        return 1
    fi
}

# Prints what apt would have to add to this machine, mosquitto's libraries included.
packages_to_add() {
    apt-get "$@" -qq -s install --no-install-recommends mosquitto mosquitto-clients 2>/dev/null |
        awk '$1 == "Inst" { print $2 }'
}

without_root() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    rm -rf "$cache"
    mkdir -p "$cache/packages" "$cache/root" "$cache/bin"
    local options=() packages archive program
    packages=$(packages_to_add) || packages=
    if [ -z "$packages" ]; then
        # No package lists on this machine, or old ones: fetch them into a folder of our own.
        mkdir -p "$cache/lists/partial" "$cache/archives/partial"
        options=(-o "Dir::State::lists=$cache/lists" -o "Dir::Cache=$cache/archives")
        apt-get "${options[@]}" -qq update || return 1
        packages=$(packages_to_add "${options[@]}") || return 1
    fi
    # shellcheck disable=SC2086  # a list of names, one a word
    (cd "$cache/packages" && apt-get "${options[@]}" -qq download $packages) || return 1
    for archive in "$cache"/packages/*.deb; do
        dpkg-deb -x "$archive" "$cache/root"
    done
    for program in "${programs[@]}"; do
        cat > "$cache/bin/$program" <<'WRAPPER'
#!/bin/sh
# Runs an unpacked program with the libraries that were unpacked beside it.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
libraries=$(find "$root/usr/lib" "$root/lib" -name '*.so*' -exec dirname {} + 2>/dev/null |
    sort -u | tr '\n' ':')
for place in usr/sbin usr/bin; do
    program=$root/$place/$(basename "$0")
    if [ -x "$program" ]; then
        LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-} exec "$program" "$@"
    fi
done
echo "$0: nothing unpacked under $root; run make broker again" >&2
exit 127
WRAPPER
        chmod +x "$cache/bin/$program"
    done
    rm -rf "$cache/packages" "$cache/lists" "$cache/archives"
}

all_found && exit 0
if [ "$(id -u)" = 0 ]; then
    echo "broker: installing mosquitto with the system's package manager"
    with_root || true
else
    echo "broker: unpacking mosquitto under .cache/mosquitto"
    without_root || rm -rf "$cache"
fi
hash -r
if ! all_found; then
    echo "broker: mosquitto 2 and its clients are not on this machine and could not be got." >&2
    echo "broker: Debian, Ubuntu: apt-get install mosquitto mosquitto-clients; Fedora:" >&2
    echo "broker: dnf install mosquitto; Alpine: apk add mosquitto mosquitto-clients; macOS:" >&2
    echo "broker: brew install mosquitto. A service that the package starts is not needed." >&2
    exit 1
fi
"$(command -v mosquitto)" -h >/dev/null 2>&1 || {
    code=$?
    if [ "$code" -ge 126 ]; then
        echo "broker: $(command -v mosquitto) does not run on this machine (code $code)" >&2
        exit 1
    fi
}
