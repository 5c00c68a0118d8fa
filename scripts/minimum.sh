#!/usr/bin/env bash
# Installs the oldest versions that pyproject.toml allows into an environment of their own, and
# runs tests with them that use every library that a run needs: numpy and scipy (ward, baseline),
# msgspec (wire), paho-mqtt (link), influxdb-client (series), starlette and uvicorn (station), typer
# (commands) and rich (screen). tests/live/test_container.py holds that none is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
folder=${1:-var/minimum}
"$python" -m venv --clear "$folder"
"$python" -m scripts.lower_bounds > "$folder/pins.txt"
"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$folder/pins.txt" \
    'pytest>=9.0,<10' 'hypothesis>=6.120,<7' 'jsonschema>=4.23,<5' 'httpx>=0.28,<1' 'playwright>=1.49,<2'
PYTHONPATH=$PWD "$folder/bin/python" -m pytest -q -p no:cacheprovider \
    tests/detectors/test_baseline.py tests/detectors/test_chances.py \
    tests/monitor/test_messages.py tests/monitor/test_ward.py tests/monitor/test_door.py \
    tests/monitor/adapters/test_journal.py tests/monitor/test_schemas.py \
    tests/monitor/adapters/test_mqtt.py tests/monitor/adapters/test_terminal.py \
    tests/monitor/test_cli.py tests/series/test_stores.py tests/series/test_forwarding.py \
    tests/station/test_rights.py tests/station/test_tls.py
