"""The page of the station measured in Chromium: from the wire to the screen, and what it costs.

A real broker, a real monitor and a real station, each a process of its own. Every bed sends a heart
rate that changes each time; the page says when each number stood on it. A part of the beds lies in
shock, so that as many tiles flash.
"""

import itertools
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, sync_playwright

from benchmarks.measuring import Cell, Table, cell, share
from benchmarks.station import CADENCE_S, CHECKOUT, started, used
from detectors.channels import Channel
from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.settings.settings import load_settings
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

WARD_SIZES: Final = (60, 200)
FLASHING: Final = 10
WARM_MS: Final = 12_000
MEASURED_MS: Final = 20_000
WITHIN_S: Final = 60
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")

SEEN: Final = """() => {
  window.seen = [];
  new MutationObserver((changes) => {
    const now = Date.now();
    for (const { target } of changes) {
      const place = target.nodeType === 3 ? target.parentElement : target;
      const tile = place?.closest(".hr")?.closest(".tile");
      if (tile) window.seen.push([tile.dataset.bed, place.textContent, now]);
    }
  }).observe(
    document.querySelector("#grid"), { subtree: true, childList: true, characterData: true },
  );
}"""
"""Remembers when which heart rate came to stand on which tile."""

COST: Final = """() => {
  const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  const kept = loaded.filter((one) => !new URL(one.name).pathname.startsWith("/api/"));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return { bytes: kept.reduce((sum, one) => sum + one.transferSize, 0), paint: paint.startTime };
}"""


class Publisher(threading.Thread):
    """Sends the numbers of a ward, bed after bed, evenly over the cadence, until told to stop."""

    def __init__(self, unit: str, broker: int, beds: int, flashing: int) -> None:
        super().__init__(daemon=True)
        self.sent: dict[tuple[str, str], float] = {}
        self.late_s: list[float] = []
        self.leaving = threading.Event()
        self._unit, self._beds, self._flashing = unit, beds, flashing
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.connect(HOST, broker)
        self._client.loop_start()

    def run(self) -> None:
        """Open a session at every bed and send vital signs."""
        for bed in range(1, self._beds + 1):
            at = stamp(time.time_ns() // 1_000_000)
            opened = SessionPayload(
                id=f"S-{bed}", t=at, by="bench", event="open", subject="PX-1", product="other"
            )
            self._client.publish(f"irm/v1/{self._unit}/{bed}/tab/session", encode(opened), qos=1)
        for number in itertools.count():
            bed = number % self._beds + 1
            rate = 60 + number % 37
            systolic = 6_000 if bed <= self._flashing else 12_000
            payload = encode_vitals(
                sequence=number,
                measured_ms=time.time_ns() // 1_000_000,
                values_centi={Channel.HR: rate * 100, Channel.SPO2: 9_700, Channel.SBP: systolic},
                boot="b",
            )
            self.sent[str(bed), str(rate)] = time.time()
            self._client.publish(f"irm/v1/{self._unit}/{bed}/mon-{bed}/vitals", payload, qos=1)
            if self.leaving.wait(CADENCE_S / self._beds):
                break
        self._client.loop_stop()
        self._client.disconnect()


def main() -> None:
    """Measure and print tables as JSON."""
    rows = tuple((f"{beds} beds", measured(beds)) for beds in WARD_SIZES)
    table = Table(
        title="The page of the station in Chromium, 1920 x 1080, vital signs every 5 s",
        columns=("to the page p50", "p95", "Chromium", "first paint", "transferred"),
        rows=rows,
        notes=(
            f"{FLASHING} beds flash in high alert; Chromium: all its processes, of one core;",
            "transferred: the files of the page and the stream until the beds stand on it, packed;",
            f"load average at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        ),
    )
    sys.stdout.buffer.write(msgspec.json.encode((table,)))


def measured(beds: int) -> tuple[Cell, ...]:
    """Return what a ward of some size costs."""
    unit, port = load_settings(CHECKOUT / "config").site.unit, free_port()
    with tempfile.TemporaryDirectory() as folder, LocalBroker() as broker:
        address = f"{HOST}:{broker.port}"
        live = started("live", "--broker", address, "--journal", f"{folder}/j")
        at = ("--http", f"{HOST}:{port}", "--audit", f"{folder}/a")
        station = started("station", "--broker", address, *at)
        publisher = Publisher(unit, broker.port, beds, FLASHING)
        try:
            ready(port)
            publisher.start()
            return seen_in_chromium(f"http://{HOST}:{port}/", publisher)
        finally:
            publisher.leaving.set()
            for one in (station, live):
                one.terminate()
                one.wait()


def ready(port: int) -> None:
    """Wait until the station is."""
    give_up_s = time.monotonic() + WITHIN_S
    while time.monotonic() < give_up_s:
        try:
            if httpx.get(f"http://{HOST}:{port}/readyz").is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("the station did not start")


def seen_in_chromium(address: str, publisher: Publisher) -> tuple[Cell, ...]:
    """Return latencies, share of a core, first paint and bytes."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
        page.goto(address)
        page.locator(".tile").first.wait_for()
        page.wait_for_timeout(WARM_MS)
        page.evaluate(SEEN)
        processes = [pid for pid in descendants(os.getpid()) if "chrom" in command(pid)]
        began_s, before_s = time.monotonic(), sum(map(used, processes))
        late_s = lateness_s(page, publisher)
        core = (sum(map(used, processes)) - before_s) / (time.monotonic() - began_s)
        page.reload()
        page.locator(".tile").first.wait_for()
        cold = chromium.new_page(viewport={"width": 1920, "height": 1080})
        streamed = bytes_of_stream(cold)
        cold.goto(address)
        cold.locator(".tile").first.wait_for()
        cost = cold.evaluate(COST)
        # What was on its way to the first beds is counted too.
        cold.wait_for_timeout(1000)
        chromium.close()
    return (
        cell(share(late_s, 0.5), "s"),
        cell(share(late_s, 0.95), "s"),
        cell(core * 100, "%"),
        cell(cost["paint"] / 1000, "s"),
        cell((cost["bytes"] + sum(streamed)) / 1000, "kB"),
    )


def bytes_of_stream(page: Page) -> list[int]:
    """Return a list to which the bytes of the stream are added as they come, packed as they are.

    The page itself is told the size of a stream only when it has ended.
    """
    streams: set[str] = set()
    came: list[int] = []

    def asked(told: dict[str, Any]) -> None:
        if told["request"]["url"].endswith("/feed"):
            streams.add(told["requestId"])

    def got(told: dict[str, Any]) -> None:
        if told["requestId"] in streams:
            came.append(int(told["encodedDataLength"]))

    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", asked)
    network.on("Network.dataReceived", got)
    network.send("Network.enable")
    return came


def lateness_s(page: Page, publisher: Publisher) -> list[float]:
    """Return how long each number was on its way."""
    late_s: list[float] = []
    for _ in range(MEASURED_MS // 1000):
        page.wait_for_timeout(1000)
        for bed, rate, at_ms in page.evaluate("window.seen.splice(0)"):
            sent_s = publisher.sent.pop((bed, rate), None)
            if sent_s is not None:
                late_s.append(at_ms / 1000 - sent_s)
    return late_s


def descendants(process: int) -> list[int]:
    """Return the processes that a process has started, and those that these have."""
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        for child in tasks.read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def command(process: int) -> str:
    """Return the program of a process."""
    try:
        return Path(f"/proc/{process}/comm").read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
