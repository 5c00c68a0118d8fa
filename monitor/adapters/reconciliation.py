"""Reconciliation: whether two monitors of one unit have told people the same.

Two wards that took the same readings name an alert alike, but each has its own clock, so their
publications may differ by milliseconds in which nobody is told anything else. What counts is
what a person would read in it. Where that differs, whoever speaks now must be heard with a
higher revision than was heard before: a reader may leave a lower one out.
"""

from typing import Final

import msgspec

from monitor.wire.announcements import Announcement
from monitor.wire.outbound import AdvicePayload, AlertPayload, encode_published

_ALERT: Final = msgspec.json.Decoder(AlertPayload)
_ADVICE: Final = msgspec.json.Decoder(AdvicePayload)

COUNTED_KINDS: Final = frozenset({"alert", "advice"})
"""What is told in revisions."""

FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def kind_of(name: str) -> str:
    """Return the kind in a topic of the monitor."""
    return (name.split("/") + [""] * 6)[5]


def meaning(name: str, payload: bytes) -> object:
    """Return what a publication tells people, to be compared; the bytes if it cannot be read."""
    kind = kind_of(name)
    try:
        if kind == "alert":
            return _alert_meaning(_ALERT.decode(payload))
        if kind == "advice":
            advice = _ADVICE.decode(payload)
            steps = tuple((one.key, one.words, one.state) for one in advice.steps)
            return advice.id, advice.alert, advice.ladder, advice.grade, advice.plan, steps
        body = msgspec.json.decode(payload)
    except FAULTS:
        return payload
    if isinstance(body, dict):
        body.pop("t", None)
    return body


def _alert_meaning(alert: AlertPayload) -> object:
    words = (alert.state, alert.signal, alert.priority, alert.pattern, alert.grade, alert.label)
    acked = alert.acked.by if alert.acked is not None else ""
    return alert.id, words, acked, alert.reason, alert.not_a_reaction


def revision(name: str, payload: bytes) -> int:
    """Return the revision of an alert or advice, 0 for what has none."""
    try:
        said = _counted(name, payload)
    except FAULTS:
        return 0
    return 0 if said is None else said.rev


def lifted(announcement: Announcement, by: int) -> Announcement:
    """Return an alert or advice with a revision that is higher by so many."""
    said = _counted(announcement.topic, announcement.payload)
    if said is None:
        return announcement
    return Announcement(
        topic=announcement.topic,
        payload=encode_published(msgspec.structs.replace(said, rev=said.rev + by)),
        qos=announcement.qos,
        retain=announcement.retain,
    )


def _counted(name: str, payload: bytes) -> AlertPayload | AdvicePayload | None:
    kind = kind_of(name)
    if not payload or kind not in COUNTED_KINDS:
        return None
    return _ALERT.decode(payload) if kind == "alert" else _ADVICE.decode(payload)
