"""The station measured: vitals on the wire to the number in a stream, and what viewers cost.

    python -m benchmarks.station [BEDS] [VIEWERS]

A real broker, a real monitor and a real station, each a process of its own. Every bed sends a
heart rate that tells when it was sent; one screen hears the numbers come, the others only listen.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from detectors.channels import Channel
from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.settings.settings import load_settings
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

CHECKOUT = Path(__file__).resolve().parents[1]
CADENCE_S = 5.0
WARM_S = 10.0
MEASURED_S = 40.0
TICKS = os.sysconf("SC_CLK_TCK")


def main(beds: int = 60, viewers: int = 100) -> None:
    """Measure and print."""
    unit = load_settings(CHECKOUT / "config").site.unit
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, LocalBroker() as broker:
        address = f"{HOST}:{broker.port}"
        live = started("live", "--broker", address, "--journal", f"{folder}/j")
        station = started(
            "station", "--broker", address, "--http", f"{HOST}:{port}", "--audit", f"{folder}/a"
        )
        try:
            found = asyncio.run(measured(unit, broker.port, port, beds, viewers, station.pid))
        finally:
            for one in (station, live):
                one.terminate()
                one.wait()
    print(json.dumps(found, indent=1))


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """Return a process of this program."""
    return subprocess.Popen(  # noqa: S603 - this program itself
        [sys.executable, "-m", "monitor", *arguments],
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )


async def measured(
    unit: str, broker: int, port: int, beds: int, viewers: int, station: int
) -> dict[str, object]:
    """Return latencies [s] and the share of a core that the station used."""
    await ready(port)
    sent: dict[tuple[str, int], float] = {}
    late: list[float] = []
    stop = asyncio.Event()
    publisher = asyncio.create_task(publishing(unit, broker, beds, sent, stop))
    async with httpx.AsyncClient(timeout=30) as http:
        first = asyncio.create_task(hearing(http, port, sent, late))
        await asyncio.sleep(WARM_S)
        # All sessions open at once, which no ward does: what came meanwhile is not counted.
        sent.clear()
        late.clear()
        alone = await share(station, MEASURED_S / 2)
        others = [asyncio.create_task(listening(port, number)) for number in range(viewers)]
        await asyncio.sleep(3)
        crowded = await share(station, MEASURED_S / 2)
        stop.set()
        await publisher
        for task in (first, *others):
            task.cancel()
        await asyncio.gather(first, *others, return_exceptions=True)
    late.sort()
    return {
        "beds": beds,
        "numbers": len(late),
        "p50_s": round(late[len(late) // 2], 3),
        "p95_s": round(late[len(late) * 95 // 100], 3),
        "worst_s": round(late[-1], 3),
        "station_core_share": {
            "1 viewer": round(alone, 3),
            f"{viewers + 1} viewers": round(crowded, 3),
        },
    }


async def ready(port: int) -> None:
    """Wait until the station is."""
    async with httpx.AsyncClient() as http:
        for _ in range(600):
            try:
                if (await http.get(f"http://{HOST}:{port}/readyz")).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    raise SystemExit("the station did not start")


async def publishing(
    unit: str, broker: int, beds: int, sent: dict[tuple[str, int], float], stop: asyncio.Event
) -> None:
    """Publish a heart rate that differs each time, bed after bed, evenly over the cadence."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, broker)
    client.loop_start()
    for bed in range(beds):
        at_ms = time.time_ns() // 1_000_000
        opened = SessionPayload(
            id=f"S-{bed}", t=stamp(at_ms), by="bench", event="open", subject="PX-1", product="other"
        )
        client.publish(f"irm/v1/{unit}/{bed}/tab/session", encode(opened), qos=1)
    number = 0
    while not stop.is_set():
        for bed in range(beds):
            number += 1
            at_ms = time.time_ns() // 1_000_000
            value = 60 + number % 37
            values = {
                Channel.HR: value * 100,
                Channel.SPO2: 9700,
                Channel.SBP: 12000 + number % 5 * 100,
            }
            payload = encode_vitals(
                sequence=number, measured_ms=at_ms, values_centi=values, boot="b"
            )
            sent[str(bed), at_ms] = time.monotonic()
            client.publish(f"irm/v1/{unit}/{bed}/mon-{bed}/vitals", payload, qos=1)
            await asyncio.sleep(CADENCE_S / beds)
    client.loop_stop()
    client.disconnect()


async def hearing(
    http: httpx.AsyncClient, port: int, sent: dict[tuple[str, int], float], late: list[float]
) -> None:
    """Hear numbers and remember how long each was on its way."""
    async with http.stream("GET", f"http://{HOST}:{port}/feed") as answer:
        event = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: ") and event == "v":
                now_s = time.monotonic()
                for bed, rows in json.loads(line[6:])["beds"].items():
                    at = sent.pop((bed, rows["hr"][1]), None) if "hr" in rows else None
                    if at is not None:
                        late.append(now_s - at)


async def listening(port: int, number: int) -> None:
    """Read a stream and throw it away; each viewer has an address of its own."""
    reader, writer = await asyncio.open_connection(
        HOST, port, local_addr=(f"127.0.1.{number // 4 + 1}", 0)
    )
    asked = ("GET /feed HTTP/1.1", f"Host: {HOST}:{port}", "Accept-Encoding: gzip")
    writer.write(("\r\n".join(asked) + "\r\n\r\n").encode())
    while await reader.read(65_536):
        pass


async def share(process: int, within_s: float) -> float:
    """Return which share of a core a process uses."""
    before, began_s = used(process), time.monotonic()
    await asyncio.sleep(within_s)
    return (used(process) - before) / (time.monotonic() - began_s)


def used(process: int) -> float:
    """Return the processor seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
