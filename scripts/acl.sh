#!/usr/bin/env bash
# Writes the access list of a unit to standard output: docs/mosquitto.acl with its name in it.
#   scripts/acl.sh UNIT > /etc/mosquitto/irm/acl
set -euo pipefail
unit=${1:?usage: scripts/acl.sh UNIT}
if [[ ! $unit =~ ^[a-z0-9-]{1,32}$ ]]; then
    echo "acl: '$unit' is no unit: a-z, 0-9 and - only, at most 32" >&2
    exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sed "s/\binf-a\b/$unit/g" docs/mosquitto.acl
