"""Marks: the times after which alerts are named, found again among the messages of a journal.

A reaction is named after its onset. What is technical is named after a time that its sender, or
whoever was heard last before it, had written, so that two monitors find the same name; a ledger
does not say which time that was.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from detectors.channels import NEVER
from monitor.care.alerts import episode_id
from monitor.facts.effects import AlertChanged
from monitor.facts.records import RawMessage, VitalsReported
from monitor.wire.messages import decode


class Mark(NamedTuple):
    """The time after which an alert is named, and when the message came that says it."""

    at_ms: int
    received_ms: int


def marks_of(alerts: Iterable[AlertChanged], messages: Iterable[RawMessage]) -> dict[str, Mark]:
    """Return the marks of alerts by their ids.

    An alert is left out whose message is not among these (it was folded), or which began again
    before anybody wrote a later time. No message is read once all are found.
    """
    found: dict[str, Mark] = {}
    sought: dict[str, AlertChanged] = {}
    for alert in alerts:
        for at_ms in (alert.onset_ms, NEVER):
            if _named(alert, at_ms):
                found[alert.id] = Mark(at_ms, at_ms)
        if alert.id not in found:
            sought[alert.id] = alert
    for mark in _stamps(messages) if sought else ():
        for alert in [one for one in sought.values() if _named(one, mark.at_ms)]:
            found[alert.id] = mark
            del sought[alert.id]
        if not sought:
            break
    return found


def _named(alert: AlertChanged, at_ms: int) -> bool:
    return episode_id(alert.session, alert.bed, alert.cause, at_ms) == alert.id


def _stamps(messages: Iterable[RawMessage]) -> Iterator[Mark]:
    """Yield every time that is written in messages."""
    for raw in messages:
        record = decode(raw, position=0)
        yield Mark(record.measured_ms, raw.received_ms)
        if isinstance(record, VitalsReported):
            own = {one.measured_ms for one in record.values}
            own |= {one.measured_ms for one in record.absences}
            for at_ms in sorted(own - {record.measured_ms}):
                yield Mark(at_ms, raw.received_ms)
