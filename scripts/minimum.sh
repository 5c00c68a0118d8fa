#!/usr/bin/env bash
# Installs the oldest versions that pyproject.toml allows into an environment of their own, and
# runs the tests of the wire, the ward, the journal and the command line with them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
folder=${1:-var/minimum}
"$python" -m venv --clear "$folder"
"$python" -m scripts.lower_bounds > "$folder/pins.txt"
"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$folder/pins.txt" \
    'pytest>=9.0,<10' 'hypothesis>=6.120,<7' 'jsonschema>=4.23,<5'
PYTHONPATH=$PWD "$folder/bin/python" -m pytest -q -p no:cacheprovider \
    tests/monitor/test_messages.py tests/monitor/test_ward.py tests/monitor/test_door.py \
    tests/monitor/adapters/test_journal.py tests/monitor/test_schemas.py
