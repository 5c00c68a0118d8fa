#!/usr/bin/env bash
# Feeds every decoder, the addresses of the station and every reader of files for so many minutes:
#   scripts/fuzz.sh MINUTES
# Makes an environment of its own with atheris, which guides inputs by the branches that they reach.
# Where atheris cannot be installed it says so, and inputs are changed blindly.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

minutes=${1:-10}
folder=var/fuzz/env
stamp=$folder/.installed
digest=$(cat requirements.lock scripts/fuzz.sh | cksum)
interpreter=$folder/bin/python
if [ "$(cat "$stamp" 2>/dev/null)" != "$digest" ]; then
    .venv/bin/python -m venv --clear "$folder"
    echo "fuzz: installing into $folder ($("$interpreter" --version), once)"
    if "$interpreter" -m pip install --quiet --disable-pip-version-check -r requirements.lock &&
        "$interpreter" -m pip install --quiet --disable-pip-version-check \
            'atheris>=2.3,<4' 'httpx>=0.28,<1' 'pytest>=9.0,<10' 'hypothesis>=6.120,<7' \
            'wfdb>=4.2,<5' 'vitaldb>=1.5,<2' 'pyarrow>=18'; then
        echo "$digest" > "$stamp"
    else
        echo "fuzz: atheris cannot be installed for $("$interpreter" --version); going on without" \
            "coverage" >&2
        interpreter=.venv/bin/python
    fi
fi
PYTHONPATH=.:tests exec nice -n 19 "$interpreter" -m scripts.fuzz "$minutes"
