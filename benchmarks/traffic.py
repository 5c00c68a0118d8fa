"""What is sent over a real broker: vitals of many beds, and now and then one that must alarm."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from detectors.channels import Channel
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp
from monitor.wire.topics import topic

UNIT: Final = "bench"
LOW_PRESSURE: Final = {Channel.SBP: 7200, Channel.DBP: 4100}
"""Alarms at its first reading, whatever came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One message, when to send it after the start, and the bed whose alert it must raise."""

    after_s: float
    topic: str
    payload: bytes
    alerting_bed: str = ""


def bed_name(number: int) -> str:
    """Return the name of a bed."""
    return f"b{number:04d}"


def cuff_topic(bed: str) -> str:
    """Return where the cuff of a bed sends what must alarm."""
    return topic(UNIT, bed, f"cuff-{bed}", "vitals")


def openings(n_beds: int, at_ms: int) -> list[Sending]:
    """Return the messages that open and start a session at every bed."""
    sendings = []
    for number in range(n_beds):
        bed = bed_name(number)
        for event in ("open", "start"):
            payload = SessionPayload(
                id=f"S-{number}",
                t=stamp(at_ms),
                by="rn-1",
                event="open" if event == "open" else "start",
                subject=f"PX-{number}",
                product="other",
                devices=(f"mon-{bed}",),
            )
            where = topic(UNIT, bed, "desk", "session")
            sendings.append(Sending(after_s=0.0, topic=where, payload=encode(payload)))
    return sendings


def vitals(
    *,
    n_beds: int,
    n_messages: int,
    n_alerts: int,
    per_second: float | None,
    start_ms: int,
    part: int = 0,
    first: int = 0,
) -> list[Sending]:
    """Return vitals of all beds in turn, alerting ones spread evenly, the last one among them.

    Without ``per_second`` they are sent as fast as they leave. In a later ``part`` of the same
    sending the numbers of the devices go on from ``first``, and the alerts are at other beds.
    """
    sequences = Counter({topic(UNIT, bed_name(n), f"mon-{bed_name(n)}", "vitals"): first
                         for n in range(n_beds)})  # fmt: skip
    every = max(1, n_messages // max(n_alerts, 1))
    sendings = []
    for number in range(n_messages):
        after_s = number / per_second if per_second else 0.0
        at_ms = start_ms + int(1000 * after_s)
        at_bed = number % n_beds
        is_alert = (number + 1) % every == 0 and (number + 1) // every <= n_alerts
        # Alerts come from beds that have none yet, counted from the last bed down.
        alerting = n_beds - part * n_alerts - (number + 1) // every
        bed = bed_name(alerting) if is_alert else bed_name(at_bed)
        where = cuff_topic(bed) if is_alert else topic(UNIT, bed, f"mon-{bed}", "vitals")
        sequence = sequences[where]
        sequences[where] += 1
        heart = 7200 + 100 * (sequence % 3)
        values = {Channel.HR: heart, Channel.SPO2: 9700, Channel.RR: 1500}
        sendings.append(
            Sending(
                after_s=after_s,
                topic=where,
                payload=encode_vitals(
                    sequence=sequence,
                    measured_ms=at_ms,
                    values_centi=LOW_PRESSURE if is_alert else values,
                    boot="b1",
                ),
                alerting_bed=bed if is_alert else "",
            )
        )
    return sendings
