#!/usr/bin/env bash
# Makes what the compose file mounts, for a laboratory.
#   scripts/container_site.sh FOLDER UNIT HOST [DEVICE...]
# FOLDER is deploy/container, HOST the name under which devices and browsers reach this machine.
# The keys belong to the users in the containers, so this needs root, or `podman unshare`.
set -euo pipefail
usage="usage: scripts/container_site.sh FOLDER UNIT HOST [DEVICE...]"
folder=$(realpath "${1:?$usage}")
unit=${2:?$usage}
host=${3:?$usage}
shift 3
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list=$(scripts/acl.sh "$unit")
printf '%s\n' "$list" > "$folder/acl"
if [ ! -d "$folder/config" ]; then
    cp -r config "$folder/config"
    sed "s/\binf-a\b/$unit/g" deploy/container/site.toml > "$folder/config/site.toml"
fi
sed 's#/var/lib/mosquitto/#/mosquitto/data/#' deploy/mosquitto/mosquitto.conf \
    > "$folder/mosquitto.conf"
printf 'IRM_HOST=%s\n' "$host" > "$folder/.env"
export KEY_OWNERS=${KEY_OWNERS-"server=1883 infusion-monitor=10001 station-1=10001"}
scripts/certs.sh "$folder/certs" "broker,$host" "station-1=$host" "$@"
# A container enters this folder as somebody else than who made it.
chmod 755 "$folder/certs" "$folder/config"
