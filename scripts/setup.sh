#!/usr/bin/env bash
# Makes .venv and installs this application into it; does nothing when that has been done.
#   scripts/setup.sh run    what a run needs
#   scripts/setup.sh dev    that, and what tests and checks need
# PYTHON chooses the interpreter; uv is used when it is there because it is ten times faster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=${1:-dev}
case $wanted in
    run) what=.; enough=(run dev) ;;
    dev) what=.[dev]; enough=(dev) ;;
    *) echo "setup: unknown kind of installation '$wanted'; known are run and dev" >&2; exit 2 ;;
esac

# The checkout's own path is part of the digest: an environment does not survive being moved.
digest=$( (pwd -P; cat pyproject.toml) | cksum)
for kind in "${enough[@]}"; do
    stamp=.venv/.installed-$kind
    if [ -x .venv/bin/infusion-monitor ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ]; then
        exit 0
    fi
done

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
        python=$candidate
        break
    fi
done

if [ -x .venv/bin/python ] && is_new_enough .venv/bin/python; then
    :
elif command -v uv >/dev/null && uv venv --quiet --clear --python "${python:->=3.11}" .venv; then
    :
elif [ -z "$python" ]; then
    echo "setup: needs Python 3.11 or newer, found $(python3 --version 2>&1 || true)." >&2
    echo "setup: install one and name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
elif ! "$python" -m venv --clear .venv >/dev/null 2>&1; then
    # Debian ships venv apart from Python.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv \
            >/dev/null
        "$python" -m venv --clear .venv
    else
        echo "setup: '$python -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "setup: installing into .venv ($(.venv/bin/python --version), once)"
if command -v uv >/dev/null; then
    uv pip install --quiet --python .venv/bin/python -e "$what"
else
    # An environment made by uv has no pip of its own.
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --upgrade >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e "$what"
fi
rm -f .venv/.installed-*
echo "$digest" > ".venv/.installed-$wanted"
