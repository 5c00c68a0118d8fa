#!/usr/bin/env bash
# Boots a systemd of its own in namespaces, on a copy of this machine that is thrown away, installs
# the program there by the lines of docs/running.md, and goes through what the units promise.
#   scripts/systemd.sh
# Needs root, systemd, mosquitto and openssl. Nothing on this machine is changed or started: the
# copy is an overlay in memory with a network of its own. What is tried is the last commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "$(id -u)" = 0 ] || { echo "systemd: needs root, for namespaces and an overlay" >&2; exit 1; }
for program in systemd unshare nsenter mosquitto openssl git /usr/bin/python3; do
    command -v "$program" >/dev/null || { echo "systemd: $program is not there" >&2; exit 1; }
done
/usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "systemd: /usr/bin/python3 is older than 3.11 or has no venv" >&2; exit 1; }

folder=$(mktemp -d)
machine=$folder/root
group=irm-$$
leader=
away() {
    [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
    wait 2>/dev/null || true
    umount --quiet --lazy "$machine" || true
    umount --quiet --lazy "$folder" || true
    rmdir "$folder"
    # The groups that it has made are empty by now.
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
}
trap away EXIT
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$machine"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$machine"
mkdir -p "$machine/opt/infusion-monitor"
git archive HEAD | tar -x -C "$machine/opt/infusion-monitor"
echo '127.0.0.1 localhost ward.example' > "$machine/etc/hosts"

# In a container systemd leaves it to whoever starts it to make mounts shared, and without that no
# service finds what LoadCredential hands over.
cat > "$folder/boot" <<'BOOT'
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount --make-rshared "$1"
# What belongs to the kernel is not to be set from in there.
mount -t proc proc "$1/proc"
mount --bind "$1/proc/sys" "$1/proc/sys"
mount -o remount,ro,bind "$1/proc/sys"
mount -t sysfs -o ro sysfs "$1/sys"
for place in run tmp dev; do mount -t tmpfs tmpfs "$1/$place"; done
for node in null zero full random urandom tty; do
    touch "$1/dev/$node"
    mount --bind "/dev/$node" "$1/dev/$node"
done
mkdir "$1/dev/pts" "$1/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
ln -s /proc/self/fd "$1/dev/fd"
ip link set lo up
exec chroot "$1" env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /usr/bin/systemd --system --unit=basic.target
BOOT
(
    # In control groups of its own, so that it makes none beside those of this machine.
    while read -r place; do
        mkdir "$place/$group" && echo "$BASHPID" > "$place/$group/cgroup.procs" || true
    done 2>/dev/null < <(findmnt --raw --noheadings --types cgroup,cgroup2 --output TARGET)
    exec unshare --pid --fork --mount --uts --ipc --net --cgroup --kill-child \
        bash "$folder/boot" "$machine"
) </dev/null >"$folder/boot.log" 2>&1 &
for _ in $(seq 50); do
    leader=$(pgrep --parent $! || true)
    [ -z "$leader" ] || break
    sleep 0.1
done
[ -n "$leader" ] || { cat "$folder/boot.log" >&2; exit 1; }

inside() { # the machine's own network, or that of this one; then the words
    local network=$1
    shift
    # shellcheck disable=SC2086 # no word where it is the network of this machine
    nsenter --target "$leader" --mount --pid --uts --ipc --cgroup $network --root \
        env -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}
began=
for _ in $(seq 100); do
    case $(inside --net systemctl is-system-running 2>/dev/null || true) in
        running | degraded) began=yes; break ;;
    esac
    sleep 0.2
done
[ -n "$began" ] || { echo "systemd: did not come up" >&2; cat "$folder/boot.log" >&2; exit 1; }
echo "systemd: $(systemd --version | head -1) runs in its own machine"

# Each line as it stands on the page; only what asks for packages sees the network of this machine.
sed -n '/^<!-- systemd:begin -->$/,/^<!-- systemd:end -->$/p' docs/running.md |
    grep -v -e '^<!--' -e '^```' > "$folder/lines"
[ -s "$folder/lines" ] || { echo "systemd: docs/running.md has no lines to run" >&2; exit 1; }
while IFS= read -r line <&3; do
    case $line in *'pip install'*) network= ;; *) network=--net ;; esac
    echo "+ $line"
    printf 'correct horse\n' | inside "$network" bash -ec "cd /opt/infusion-monitor; $line" ||
        { inside --net journalctl --no-pager --lines 40; exit 1; }
done 3< "$folder/lines"

inside --net bash -c 'cd /opt/infusion-monitor && exec .venv/bin/python -m scripts.service_checks'
