"""The devices as a process of their own: one MQTT 5 connection, QoS 1, on a timetable or at once.

``python -m benchmarks.publishing PORT`` reads a plan from standard input, sends it, waits until
the broker has acknowledged everything and writes what it did to standard output.
"""

import sys
import threading
import time
from typing import Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.traffic import openings, vitals
from monitor.adapters.broker import HOST

INFLIGHT: Final = 1_000
LEAD_MS: Final = 500
FLUSHED_WITHIN_S: Final = 60.0


class Plan(msgspec.Struct, frozen=True):
    """What to send; without a rate as fast as it leaves, without messages the openings."""

    n_beds: int
    n_messages: int = 0
    n_alerts: int = 0
    per_second: float | None = None
    part: int = 0
    first: int = 0


class Sent(msgspec.Struct, frozen=True):
    """What was sent, and when on the machine's steady counter the alerting messages left."""

    n_messages: int
    wall_s: float
    cpu_s: float
    latest_s: float
    left_ns: dict[str, int]


def publish(port: int, plan: Plan) -> Sent:
    """Send a plan and return when everything is acknowledged.

    Raises
    ------
    TimeoutError
        If the broker has not acknowledged everything in time.
    """
    start_ms = time.time_ns() // 1_000_000 + LEAD_MS
    if plan.n_messages:
        sendings = vitals(
            n_beds=plan.n_beds,
            n_messages=plan.n_messages,
            n_alerts=plan.n_alerts,
            per_second=plan.per_second,
            start_ms=start_ms if plan.per_second else start_ms - LEAD_MS,
            part=plan.part,
            first=plan.first,
        )
    else:
        sendings = openings(plan.n_beds, start_ms - LEAD_MS)
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(INFLIGHT)
    waiting, all_sent, drained = len(sendings), threading.Event(), threading.Event()

    def acknowledged(*_: object) -> None:
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            drained.set()

    client.on_publish = acknowledged
    client.on_connect = lambda *_: all_sent.set()
    client.connect(HOST, port)
    client.loop_start()
    all_sent.wait(FLUSHED_WITHIN_S)
    left_ns: dict[str, int] = {}
    latest_s = 0.0
    if plan.per_second:
        time.sleep(max(0.0, start_ms / 1000 - time.time()))
    cpu_ns, began_s = time.process_time_ns(), time.monotonic()
    for sending in sendings:
        wait_s = began_s + sending.after_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        else:
            latest_s = max(latest_s, -wait_s if plan.per_second else 0.0)
        if sending.alerting_bed:
            left_ns[sending.alerting_bed] = time.monotonic_ns()
        client.publish(sending.topic, sending.payload, qos=1)
    if not drained.wait(FLUSHED_WITHIN_S):
        raise TimeoutError(f"{waiting} of {len(sendings)} messages were never acknowledged")
    wall_s = time.monotonic() - began_s
    cpu_s = (time.process_time_ns() - cpu_ns) / 1e9
    client.disconnect()
    client.loop_stop()
    return Sent(
        n_messages=len(sendings), wall_s=wall_s, cpu_s=cpu_s, latest_s=latest_s, left_ns=left_ns
    )


if __name__ == "__main__":
    done = publish(int(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=Plan))
    sys.stdout.buffer.write(msgspec.json.encode(done))
