#!/usr/bin/env bash
# Gets what tests use beside Python and the broker: Chromium for the page, axe-core for its
# accessibility, InfluxDB for the time series. Does nothing when they are there. Nothing is
# started here, and nothing of it is needed to run the monitor.
#   scripts/testbed.sh            as much as can be had; the tests of what is missing say why they skip
#   CI=true scripts/testbed.sh    everything, or an error
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
axe_version=4.14.1
axe=.cache/axe-core-$axe_version
PATH=$PATH:/usr/local/sbin:/usr/sbin

has() { [ -x "$(command -v "$1")" ]; }

missing=()
has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
has influxd || missing+=(influxdb)
has npm || [ -f "$axe/axe.min.js" ] || missing+=(npm)

if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get; then
    echo "testbed: installing ${missing[*]} with the system's package manager"
    # Other programs of a package manager would ask, start services or hold a lock; ours may not.
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || true
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || true
    hash -r
fi

# The same Chromium without a window, where it is packaged: tests of pages cost half with it.
shell=chromium-headless-shell
if ! has $shell && [ "$(id -u)" = 0 ] && has apt-get; then
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $shell >/dev/null 2>&1 || true
    hash -r
fi

if [ ! -f "$axe/axe.min.js" ] && has npm; then
    fetched=$(mktemp -d)
    trap 'rm -rf "$fetched"' EXIT
    if (cd "$fetched" && npm pack --silent "axe-core@$axe_version" >/dev/null 2>&1); then
        mkdir -p "$axe"
        tar -xzf "$fetched"/axe-core-*.tgz -C "$fetched"
        cp "$fetched/package/axe.min.js" "$fetched/package/LICENSE" "$axe/"
    fi
fi

lacking=()
has chromium || has chromium-browser || has google-chrome || lacking+=("Chromium (package chromium)")
has influxd || lacking+=("InfluxDB 1.x (package influxdb)")
[ -f "$axe/axe.min.js" ] || lacking+=("axe-core $axe_version (npm pack axe-core)")
if [ ${#lacking[@]} -gt 0 ]; then
    for one in "${lacking[@]}"; do
        echo "testbed: $one is not here; the tests that need it will be skipped and say so" >&2
    done
    [ "${CI:-}" != true ] || exit 1
fi
