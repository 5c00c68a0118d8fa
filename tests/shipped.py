"""A broker as it is shipped: its configuration, an access list, certificates of a laboratory."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker import eventually

from monitor.adapters.access import Access, Tls
from monitor.adapters.broker import HOST, accepts, found_mosquitto, found_program, free_port

ROOT: Final = Path(__file__).resolve().parents[1]
SHIPPED: Final = ROOT / "deploy" / "mosquitto" / "mosquitto.conf"


@dataclass(frozen=True)
class Site:
    """A broker with the shipped configuration, and the folder of everybody's certificates."""

    port: int
    certificates: Path

    def arguments(self, who: str) -> list[str]:
        own = self.certificates / who
        files = ["--cert", f"{own}.crt", "--key", f"{own}.key"] if who else []
        where = ["-h", "localhost", "-p", str(self.port), "-V", "5", "-q", "1"]
        return [*where, "--cafile", str(self.certificates / "ca.crt"), *files]

    def publishes(self, who: str, topic: str, payload: str = "x") -> str:
        """Return what the sender is told; empty when the broker took it."""
        program = str(found_program("mosquitto_pub"))
        done = subprocess.run(
            [program, *self.arguments(who), "-t", topic, "-m", payload],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return done.stderr.strip() or ("" if done.returncode == 0 else f"code {done.returncode}")

    def access(self, who: str) -> Access:
        own = self.certificates / who
        tls = Tls(
            ca_file=self.certificates / "ca.crt",
            certificate_file=own.with_suffix(".crt") if who else None,
            key_file=own.with_suffix(".key") if who else None,
        )
        return Access(
            host="localhost", port=self.port, client_id=who, tls=tls, connect_timeout_s=5.0
        )


def certificates(folder: Path, *names: str, owners: str = "") -> "subprocess.CompletedProcess[str]":
    """Make certificates for a laboratory; return what was said."""
    command = ["bash", str(ROOT / "scripts" / "certs.sh"), str(folder), "localhost", *names]
    env = {**os.environ, "KEY_OWNERS": owners}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)


def access_list(unit: str) -> str:
    """Return the access list of a unit, as whoever installs it gets it."""
    command = ["bash", str(ROOT / "scripts" / "acl.sh"), unit]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


@contextmanager
def shipped_site(folder: Path, *names: str, unit: str = "inf-a") -> Iterator[Site]:
    """Run a broker of a unit with the shipped configuration and certificates for some names."""
    made = certificates(folder / "irm", *names)
    assert made.returncode == 0, made.stderr
    (folder / "irm" / "acl").write_text(access_list(unit))
    port = free_port()
    lines = SHIPPED.read_text().replace("/etc/mosquitto/irm", str(folder / "irm"))
    lines = lines.replace("listener 8883", f"listener {port} {HOST}")
    lines = lines.replace("/var/lib/mosquitto/", f"{folder}/")
    if os.geteuid() == 0:
        lines = lines.replace(f"{HOST}\n", f"{HOST}\nuser root\n", 1)
    (folder / "mosquitto.conf").write_text(lines)
    command = [str(found_mosquitto()), "-c", str(folder / "mosquitto.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        assert eventually(lambda: accepts(port)), (folder / "log").read_text()
        yield Site(port=port, certificates=folder / "irm")
    finally:
        process.terminate()
        process.wait()
