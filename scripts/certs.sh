#!/usr/bin/env bash
# Makes certificates for a laboratory: an authority, a broker, a monitor, stations and devices.
#   scripts/certs.sh FOLDER [HOST[,HOST...]] [DEVICE[=HOST[,HOST...]]...]
# The names of the hosts are those under which the broker is reached. The name in a device's
# certificate is its device id: the access list goes by it. A station that serves its page by TLS
# gets the hosts under which browsers reach it: station-1=ward.example.
# Every key is readable by its owner alone. KEY_OWNERS="server=1883 infusion-monitor=10001" gives
# keys to the users of containers; only root may, or `podman unshare` without it.
# For a ward use the site's own authority; these keys are made without a password and last a year.
set -euo pipefail
folder=${1:?usage: scripts/certs.sh FOLDER [HOST[,HOST...]] [DEVICE[=HOST[,HOST...]]...]}
hosts=${2:-localhost}
shift $(($# < 2 ? $# : 2))
days=${DAYS:-365}
command -v openssl >/dev/null || { echo "certs: needs openssl" >&2; exit 1; }
umask 077
mkdir -p "$folder"
cd "$folder"

signed() { # name, extensions
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" \
        -extfile <(printf '%s\n' "$2") -out "$1.crt" 2>/dev/null
    rm "$1.csr"
    # A certificate is no secret, and others than the owner of its key have to read it.
    chmod 644 "$1.crt"
    echo "certs: $folder/$1.crt"
}

named() { # hosts with commas: what a certificate says of them
    local host names="DNS:localhost,IP:127.0.0.1"
    for host in ${1//,/ }; do
        case $host in
            *[!a-zA-Z0-9.:-]*) echo "certs: '$host' is no host" >&2; return 1 ;;
            localhost | 127.0.0.1) ;;
            *[!0-9.]*) [[ $host == *:* ]] && names+=",IP:$host" || names+=",DNS:$host" ;;
            *) names+=",IP:$host" ;;
        esac
    done
    echo "subjectAltName=$names"
}

if [ ! -f ca.crt ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$days" \
        -subj "/CN=infusion-reaction monitor laboratory" -keyout ca.key -out ca.crt 2>/dev/null
    chmod 644 ca.crt
    echo "certs: $folder/ca.crt"
fi
if [ ! -f server.crt ]; then
    names=$(named "$hosts")
    signed server "$names
extendedKeyUsage=serverAuth"
fi
for one in infusion-monitor "$@"; do
    name=${one%%=*}
    case $name in
        *[!a-z0-9-]* | monitor | server | ca | '')
            echo "certs: '$name' is no device id: a-z, 0-9 and - only, and not 'monitor'," \
                "'server' or 'ca'" >&2
            exit 1 ;;
    esac
    [ ! -f "$name.crt" ] || continue
    if [ "$one" = "$name" ]; then
        signed "$name" "extendedKeyUsage=clientAuth"
    else
        names=$(named "${one#*=}")
        signed "$name" "$names
extendedKeyUsage=clientAuth,serverAuth"
    fi
done
for one in ${KEY_OWNERS:-}; do
    chown "${one#*=}" "${one%%=*}.key" || {
        echo "certs: ${one%%=*}.key belongs to somebody else than ${one#*=}: run this as root or" \
            "under 'podman unshare'" >&2
        exit 1
    }
done
