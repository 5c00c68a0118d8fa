#!/usr/bin/env bash
# Makes certificates for a laboratory: an authority, a broker, a monitor, and devices.
#   scripts/certs.sh FOLDER [HOST] [DEVICE...]
# The name in a device's certificate is its device id: the access list goes by it. For a ward use
# the site's own authority; these keys are made without a password and last a year.
set -euo pipefail
folder=${1:?usage: scripts/certs.sh FOLDER [HOST] [DEVICE...]}
host=${2:-localhost}
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
    echo "certs: $folder/$1.crt"
}

if [ ! -f ca.crt ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$days" \
        -subj "/CN=infusion-reaction monitor laboratory" -keyout ca.key -out ca.crt 2>/dev/null
    echo "certs: $folder/ca.crt"
fi
if [ ! -f server.crt ]; then
    signed server "subjectAltName=DNS:$host,DNS:localhost,IP:127.0.0.1
extendedKeyUsage=serverAuth"
fi
for name in infusion-monitor "$@"; do
    case $name in
        *[!a-z0-9-]* | monitor | _ | '')
            echo "certs: '$name' is no device id: a-z, 0-9 and - only, and not 'monitor'" >&2
            exit 1 ;;
    esac
    [ -f "$name.crt" ] || signed "$name" "extendedKeyUsage=clientAuth"
done
