"""The doctor: what an engineer would look at before trusting an installation, looked at in turn.

Every finding says what was looked at, what was found and what to do. "Not known" is a finding of
its own: a check that could not be made is never taken for one that passed.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from monitor.adapters.access import Access, LinkError
from monitor.adapters.configurations import Configured, configurations, in_force
from monitor.adapters.feed import LEASE, STANDBYS, Feed
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.ledger import GENESIS, Place
from monitor.adapters.viewing import Watch, settled
from monitor.reconfiguring import fixed
from monitor.settings.settings import Settings
from monitor.wire.leases import LeasePayload, StandbyPayload, lease_of, standby_of
from monitor.wire.outbound import MonitorStatusPayload

Verdict: TypeAlias = Literal["ok", "warning", "fault", "not known"]

FREE_WARNING_BYTES: Final = 2 * 1024**3
FREE_FAULT_BYTES: Final = 200 * 1024**2
"""A ward of 60 beds writes some hundreds of megabytes a day; these two are choices of ours."""

EXPIRY_WARNING_DAYS: Final = 30
DAY_S: Final = 86_400
PROGRAM_TIMEOUT_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``remedy`` is empty where there is nothing to do."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""


Address: TypeAlias = tuple[str, int]


def findings(
    settings: Settings, access: Access, *, journal: Path, ports: tuple[Address, ...] = ()
) -> Iterator[Finding]:
    """Yield what was found, one check after the other; none of them changes anything."""
    yield Finding(
        what="configuration",
        verdict="ok",
        found=f"unit {settings.site.unit}, digest {settings.digest[:12]}",
    )
    yield clock_finding()
    yield disk_finding(journal.parent, journal)
    yield journal_finding(journal, settings)
    yield from secret_findings(access, settings.site.broker.password_file)
    yield from station_findings(settings)
    yield from broker_findings(access, settings.site.unit, settings.digest)
    for host, port in ports:
        yield port_finding(port, host)
    if not ports:
        yield Finding(
            what="ports",
            verdict="not known",
            found="none was named",
            remedy="name where a station shall serve: --port 0.0.0.0:8443",
        )


def clock_finding() -> Finding:
    """Return whether the system says that its clock follows a time server."""
    program = shutil.which("timedatectl")
    if program is None:
        return _clock_unknown("there is no timedatectl here")
    said = _said([program, "show", "--property=NTPSynchronized", "--value"])
    if said == "yes":
        return Finding(what="clock", verdict="ok", found="follows a time server")
    if said == "no":
        return Finding(
            what="clock",
            verdict="fault",
            found="follows no time server",
            remedy="start one (systemd-timesyncd, chrony): ages and delays rest on the clock",
        )
    return _clock_unknown("timedatectl gave no answer")


def _clock_unknown(why: str) -> Finding:
    remedy = "see to it that this machine follows a time server"
    return Finding(what="clock", verdict="not known", found=why, remedy=remedy)


def disk_finding(folder: Path, journal: Path | None = None) -> Finding:
    """Return whether the folder of the journal, and the journal, can be written and has room."""
    place = next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))
    if not os.access(place, os.W_OK):
        found = f"{place} cannot be written"
        return Finding(what="disk", verdict="fault", found=found, remedy="check its owner")
    if journal is not None and journal.exists() and not os.access(journal, os.W_OK):
        found = f"{journal} cannot be written"
        return Finding(what="disk", verdict="fault", found=found, remedy="check its owner")
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GiB free in {place}"
    if free < FREE_FAULT_BYTES:
        return Finding(what="disk", verdict="fault", found=found, remedy="make room")
    if free < FREE_WARNING_BYTES:
        return Finding(what="disk", verdict="warning", found=found, remedy="make room soon")
    return Finding(what="disk", verdict="ok", found=found)


def journal_finding(path: Path, settings: Settings) -> Finding:
    """Return whether the journal is there, readable, of this unit and this configuration."""
    if not path.exists():
        return Finding(what="journal", verdict="ok", found=f"none yet at {path}")
    try:
        with JournalReader.open(path) as journal:
            about, counts = journal.about, journal.counts()
            place = Place(step=counts[0], message=counts[1], row=counts[2], head=GENESIS)
            now = in_force(configurations(journal), place)
    except JournalError as fault:
        return Finding(what="journal", verdict="fault", found=str(fault))
    holder = " and a monitor writes it" if _is_locked(Path(f"{path}.lock")) else ""
    found = f"{path}: {counts[0]} steps, {counts[2]} effects{holder}"
    if about.unit != settings.site.unit:
        remedy = f"it belongs to unit {about.unit}: name the journal of this unit"
        return Finding(what="journal", verdict="fault", found=found, remedy=remedy)
    return _configuration_finding(found, about.config, now, settings)


def _configuration_finding(
    found: str, began: str, now: Configured | None, settings: Settings
) -> Finding:
    """Return whether the folder holds the configuration that a journal is under, or may be."""
    if (began if now is None else now.digest) == settings.digest:
        return Finding(what="journal", verdict="ok", found=found)
    if now is None:
        remedy = "it was written under another configuration: use that one, or start with --fresh"
        return Finding(what="journal", verdict="fault", found=found, remedy=remedy)
    found = f"{found}, under configuration {now.digest[:12]}; the folder holds another"
    needs = fixed(now.files, settings.files)
    if needs:
        remedy = f"put it back, or start with --fresh between sessions: {needs}"
        return Finding(what="journal", verdict="fault", found=found, remedy=remedy)
    remedy = "a reload (SIGHUP) or the next start takes it"
    return Finding(what="journal", verdict="warning", found=found, remedy=remedy)


def _is_locked(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def secret_findings(access: Access, password_file: Path | None) -> Iterator[Finding]:
    """Yield whether others can read our secrets, and how long our certificates last."""
    key = None if access.tls is None else access.tls.key_file
    for path in (password_file, key):
        if path is not None:
            yield from _secret_findings(path, "secret")
    own = None if access.tls is None else access.tls.certificate_file
    if own is not None:
        yield _certificate_finding("own certificate", own)
    authority = None if access.tls is None else access.tls.ca_file
    if authority is not None and not _is_bundle(authority):
        yield _certificate_finding("authority", authority)


def _is_bundle(path: Path) -> bool:
    """Tell whether a file holds several certificates, of which one may end and harm nobody."""
    try:
        return path.read_bytes().count(b"-----BEGIN CERTIFICATE-----") > 1
    except OSError:
        return False


def _secret_findings(path: Path, what: str) -> Iterator[Finding]:
    what = f"{what} {path.name}"
    try:
        mode = path.stat().st_mode
    except OSError as fault:
        yield Finding(what=what, verdict="fault", found=str(fault))
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        found = f"others may read it (mode {stat.S_IMODE(mode):o})"
        yield Finding(what=what, verdict="warning", found=found, remedy=f"chmod 600 {path}")
    elif not os.access(path, os.R_OK):
        found = f"user {os.getuid()} may not read it"
        yield Finding(what=what, verdict="fault", found=found, remedy="give it to that user")
    else:
        yield Finding(what=what, verdict="ok", found="only its owner reads it")


def station_findings(settings: Settings) -> Iterator[Finding]:
    """Yield the same of the secrets of a station, where it has its own."""
    station = settings.site.station
    for path in (station.password_file, station.key_file):
        if path is not None:
            yield from _secret_findings(path, "station secret")
    if station.certificate_file is not None:
        yield _certificate_finding("station certificate", station.certificate_file)


def _certificate_finding(what: str, path: Path) -> Finding:
    program = shutil.which("openssl")
    said = _said([program, "x509", "-enddate", "-noout", "-in", str(path)]) if program else ""
    if not said.startswith("notAfter="):
        return Finding(
            what=what,
            verdict="not known",
            found=f"{path} could not be looked into",
            remedy="install openssl, or look at its end yourself",
        )
    return expiry_finding(what, said.removeprefix("notAfter="), time.time())


def expiry_finding(what: str, not_after: str, now_s: float) -> Finding:
    """Return how long a certificate lasts, from the end that it states."""
    left_days = int((ssl.cert_time_to_seconds(not_after) - now_s) // DAY_S)
    if left_days < 0:
        found = f"ended {not_after}"
        return Finding(what=what, verdict="fault", found=found, remedy="renew it now")
    found = f"lasts {left_days} more days, until {not_after}"
    if left_days < EXPIRY_WARNING_DAYS:
        return Finding(what=what, verdict="warning", found=found, remedy="renew it")
    return Finding(what=what, verdict="ok", found=found)


def broker_findings(access: Access, unit: str, config: str = "") -> Iterator[Finding]:
    """Yield whether the broker lets us in, how long its certificate lasts, and who watches.

    With the digest of a configuration also whether all who watch are under that one.
    """
    try:
        ended = _broker_certificate_end(access)
    except (OSError, LinkError, ValueError) as fault:
        yield Finding(
            what="broker",
            verdict="fault",
            found=f"{access}: {fault}",
            remedy="is it running, and does the port speak what site.toml says (TLS or not)?",
        )
        return
    if ended:
        yield expiry_finding("broker certificate", ended, time.time())
    elif access.tls is None and access.host not in {"127.0.0.1", "::1", "localhost"}:
        yield Finding(
            what="broker link",
            verdict="warning",
            found=f"{access} is not on this machine and the link is not encrypted",
            remedy="give the broker a certificate and name ca_file in site.toml",
        )
    feed = Feed(access, unit=unit, kinds=(LEASE, STANDBYS))
    try:
        feed.connect()
    except LinkError as fault:
        yield Finding(what="broker", verdict="fault", found=str(fault))
        return
    try:
        yield Finding(what="broker", verdict="ok", found=f"{access} lets us in")
        watch = Watch(unit)
        said: dict[str, bytes] = {}
        for heard in settled(feed):
            watch.take(heard)
            said[heard.kind] = heard.payload
        yield _watcher_finding(watch)
        yield lease_finding(watch.status, lease_of(said.pop(LEASE, b"")))
        for kind, payload in sorted(said.items()):
            word = standby_of(payload)
            if kind.startswith(STANDBYS[:-1]) and word is not None and word.state == "online":
                yield standby_finding(kind.removeprefix(STANDBYS[:-1]), word, config)
    finally:
        feed.close()


def _broker_certificate_end(access: Access) -> str:
    """Connect once; return the end of the broker's certificate, empty without TLS."""
    context = access.tls_context()
    place = (access.host, access.port)
    with socket.create_connection(place, timeout=access.connect_timeout_s) as plain:
        if context is None:
            return ""
        with context.wrap_socket(plain, server_hostname=access.host) as protected:
            certificate = protected.getpeercert() or {}
            return str(certificate.get("notAfter", ""))


def _watcher_finding(watch: Watch) -> Finding:
    condition = watch.condition(is_connected=True)
    status = watch.status
    if status is None:
        return Finding(
            what="monitor",
            verdict="warning",
            found="no monitor has been heard of in this unit",
            remedy="start one: infusion-monitor live",
        )
    if status.state == "offline" or condition:
        return Finding(what="monitor", verdict="fault", found=condition)
    found = f"online, boot {status.boot}, configuration {status.config[:12]}, store {status.store}"
    return Finding(what="monitor", verdict="ok", found=found)


def lease_finding(status: MonitorStatusPayload | None, lease: LeasePayload | None) -> Finding:
    """Return whether who speaks for the unit is who holds its lease."""
    speaks = status is not None and status.state == "online"
    if lease is None:
        found = "the broker holds none" if speaks else "none: nobody has watched this unit yet"
        verdict: Verdict = "fault" if speaks else "not known"
        return Finding(what="lease", verdict=verdict, found=found, remedy=_LEASE_REMEDY * speaks)
    found = f"term {lease.term}, {lease.state} by {lease.holder}"
    if status is None or not speaks:
        return Finding(what="lease", verdict="warning", found=f"{found}; nobody speaks")
    found = f"{found}; standby {status.standby}"
    if lease.state != "held" or (status.holder or status.boot) != lease.holder:
        found = f"{found}; {status.boot} speaks under term {status.term}"
        return Finding(what="lease", verdict="fault", found=found, remedy=_LEASE_REMEDY)
    if lease.paired and status.standby == "none":
        remedy = "start the other one of the pair again with --standby"
        return Finding(what="lease", verdict="warning", found=found, remedy=remedy)
    return Finding(what="lease", verdict="ok", found=found)


_LEASE_REMEDY: Final = "look again in 5 s; if it stays, see who else speaks for this unit"


def standby_finding(name: str, word: StandbyPayload, config: str) -> Finding:
    """Return whether a monitor that waits could take over."""
    what = f"standby {name}"
    if config and word.config and word.config != config:
        found = f"is under configuration {word.config[:12]}, and the folder here holds another"
        remedy = "give both the same folder, and reload or restart the one that differs"
        return Finding(what=what, verdict="warning", found=found, remedy=remedy)
    if not word.ready:
        found = f"could not take over: {word.unready or 'it does not say why'}"
        return Finding(
            what=what, verdict="warning", found=found, remedy="give it time, or a journal"
        )
    return Finding(what=what, verdict="ok", found=f"ready, hears term {word.term}")


def port_finding(port: int, host: str = "127.0.0.1") -> Finding:
    """Return whether a port of an address of this machine is free to be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asking.bind((host, port))
        except OSError as fault:
            return Finding(
                what=f"port {port}",
                verdict="fault",
                found=str(fault),
                remedy="stop who has it, or choose another",
            )
    return Finding(what=f"port {port}", verdict="ok", found="free")


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, with our own arguments
            command, capture_output=True, text=True, check=False, timeout=PROGRAM_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
