"""How much is told, whatever is right: of one session, and of a ward that one person watches.

A flood is counted for whoever has all beds of a ward before them, because that is for whom the
limit was written; of one bed alone it nearly never comes.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median
from typing import Final

import msgspec

from monitor.facts.effects import AlertKind
from monitor.study.cohort_found import HOUR_MS, middle, patient_hours, ratio
from monitor.study.cohort_heard import MINUTE_MS, HeardAlert, SessionHeard

FLEETING_MS: Final = MINUTE_MS
"""An alert that stood for less is fleeting (ours)."""

CHATTER: Final = 3
"""So many alerts of one cause begun within an hour chatter (ours)."""

FLOOD_MS: Final = 10 * MINUTE_MS
FLOOD_ALERTS: Final = 10
"""More than ten alerts in ten minutes for one operator is the flood of EEMUA 191."""


class AlarmLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How much is told, whatever is right; a share is None where there is nothing to share."""

    alerts: int
    alerts_per_patient_hour: float | None
    alerts_per_session: float | None
    calls: int
    calls_per_patient_hour: float | None
    fleeting: int
    chattering_sessions: int
    minutes_standing: float | None
    longest_minutes: float | None
    most_in_one_session: int
    technical: int
    """Alerts about devices, while the drug flowed or was watched after."""
    technical_per_patient_hour: float | None
    technical_calls: int
    """Technical alerts of medium or high priority."""
    advisory: int
    advisory_per_patient_hour: float | None
    acknowledged: int
    """Calls that somebody answered; a simulated nurse who reads no monitor answers none."""
    minutes_unacknowledged: float | None
    longest_unacknowledged_minutes: float | None
    """From the call to the answer, or to the end of alert or session; None where nobody answers."""


class StreamLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What begins at the beds of one ward, of one kind of alert."""

    stream: str
    alerts: int
    per_patient_hour: float | None
    per_ward_hour: float | None
    floods: int
    """How often more than 10 began within 10 minutes, counted without overlap."""
    wards_flooded: int
    share_in_flood: float | None
    """Share of the ten-minute spans of all wards in which more than 10 began."""
    most_in_10_min: int


class WardLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever has all beds of a ward before them is told."""

    wards: int
    beds: int
    """Of the largest ward."""
    ward_hours: float
    """From the first start of a flow to the last end of a session, ward by ward."""
    streams: tuple[StreamLoad, ...]


def load_of(sessions: Sequence[SessionHeard]) -> AlarmLoad:
    """Return how much is told of sessions."""
    hours = patient_hours(sessions)
    alerts = [(heard, one) for heard in sessions for one in heard.alerts]
    calls = [(heard, one) for heard, one in alerts if one.called_ms is not None]
    lasted = [
        ((heard.truth.end_ms if one.ended_ms is None else one.ended_ms) - one.reached_ms[0])
        for heard, one in alerts
        if one.reached_ms[0] is not None
    ]
    waited = _waited(calls)
    technical, advisory = _others(sessions, "technical"), _others(sessions, "advisory")
    return AlarmLoad(
        alerts=len(alerts),
        alerts_per_patient_hour=ratio(len(alerts), hours),
        alerts_per_session=ratio(len(alerts), len(sessions)),
        calls=len(calls),
        calls_per_patient_hour=ratio(len(calls), hours),
        fleeting=sum(0 <= one < FLEETING_MS for one in lasted),
        chattering_sessions=sum(_chatters(heard.alerts) for heard in sessions),
        minutes_standing=round(median(lasted) / MINUTE_MS, 2) if lasted else None,
        longest_minutes=round(max(lasted) / MINUTE_MS, 2) if lasted else None,
        most_in_one_session=max((len(heard.alerts) for heard in sessions), default=0),
        technical=len(technical),
        technical_per_patient_hour=ratio(len(technical), hours),
        technical_calls=sum(technical),
        advisory=len(advisory),
        advisory_per_patient_hour=ratio(len(advisory), hours),
        acknowledged=sum(one.acknowledged_ms is not None for _, one in calls),
        minutes_unacknowledged=middle(waited),
        longest_unacknowledged_minutes=round(max(waited), 2) if waited else None,
    )


def _others(sessions: Sequence[SessionHeard], kind: AlertKind) -> list[bool]:
    """Return for each alert of a kind that began within its session whether it ever called."""
    return [
        one.calls
        for heard in sessions
        for one in heard.others
        if one.kind == kind and heard.truth.start_ms <= one.began_ms <= heard.truth.end_ms
    ]


def _waited(calls: Sequence[tuple[SessionHeard, HeardAlert]]) -> list[float]:
    """Return the minutes for which each call was unanswered; nothing where nobody ever answers."""
    if all(one.acknowledged_ms is None for _, one in calls):
        return []
    return [
        (_until_ms(heard, one) - one.called_ms) / MINUTE_MS
        for heard, one in calls
        if one.called_ms is not None
    ]


def _until_ms(heard: SessionHeard, one: HeardAlert) -> int:
    ends = (one.acknowledged_ms, one.ended_ms, heard.truth.end_ms)
    return next(at_ms for at_ms in ends if at_ms is not None)


def _chatters(alerts: Sequence[HeardAlert]) -> bool:
    by_cause: dict[str, list[int]] = {}
    for one in alerts:
        if one.reached_ms[0] is not None:
            by_cause.setdefault(one.cause, []).append(one.reached_ms[0])
    return any(
        times[index + CHATTER - 1] - times[index] <= HOUR_MS
        for found in by_cause.values()
        for times in (sorted(found),)
        for index in range(len(times) - CHATTER + 1)
    )


def session_floods(sessions: Sequence[SessionHeard]) -> int:
    """Return how often a session alone made a flood, counted without overlap."""
    return sum(floods_of(_begun_shown(heard)) for heard in sessions)


def floods_of(times_ms: Sequence[int]) -> int:
    """Return how often more than ten of these times lie within ten minutes, without overlap."""
    times = sorted(times_ms)
    floods = at = 0
    while at + FLOOD_ALERTS < len(times):
        if times[at + FLOOD_ALERTS] - times[at] <= FLOOD_MS:
            floods += 1
            at += FLOOD_ALERTS
        at += 1
    return floods


def ward_load(sessions: Sequence[SessionHeard]) -> WardLoad:
    """Return what is told of wards as wholes; sessions of one file are one ward."""
    wards: dict[str, list[SessionHeard]] = {}
    for heard in sessions:
        wards.setdefault(heard.ward, []).append(heard)
    spans = [
        (min(one.truth.start_ms for one in ward), max(one.truth.end_ms for one in ward))
        for ward in wards.values()
    ]
    ward_h = sum(end_ms - begin_ms for begin_ms, end_ms in spans) / HOUR_MS
    patient_h = patient_hours(sessions)
    by_stream: dict[str, list[list[int]]] = {}
    for ward in wards.values():
        for stream, times in _streams(ward):
            by_stream.setdefault(stream, []).append(times)
    return WardLoad(
        wards=len(wards),
        beds=max((len(ward) for ward in wards.values()), default=0),
        ward_hours=round(ward_h, 2),
        streams=tuple(
            _stream(stream, times, spans, ward_h, patient_h) for stream, times in by_stream.items()
        ),
    )


def _streams(ward: Sequence[SessionHeard]) -> Iterator[tuple[str, list[int]]]:
    """Yield the kinds of alerts of a ward, each with when they began while a drug was watched."""
    called = [
        at_ms
        for heard in ward
        for one in heard.alerts
        if (at_ms := one.called_ms) is not None and _is_within(heard, at_ms)
    ]
    shown = [at_ms for heard in ward for at_ms in _begun_shown(heard) if _is_within(heard, at_ms)]
    told: dict[AlertKind, list[int]] = {"technical": [], "advisory": []}
    for heard in ward:
        for one in heard.others:
            if _is_within(heard, one.began_ms):
                told[one.kind].append(one.began_ms)
    yield "calls", called
    yield "reaction alerts", shown
    yield "technical alerts", told["technical"]
    yield "everything", sorted(chain(shown, *told.values()))


def _is_within(heard: SessionHeard, at_ms: int) -> bool:
    return heard.truth.start_ms <= at_ms <= heard.truth.end_ms


def _begun_shown(heard: SessionHeard) -> list[int]:
    return [at_ms for one in heard.alerts if (at_ms := one.reached_ms[0]) is not None]


def _stream(
    stream: str,
    wards: Sequence[Sequence[int]],
    spans: Sequence[tuple[int, int]],
    ward_h: float,
    patient_h: float,
) -> StreamLoad:
    total = sum(map(len, wards))
    floods = [floods_of(times) for times in wards]
    slots = [
        _slots(times, begin_ms, end_ms)
        for times, (begin_ms, end_ms) in zip(wards, spans, strict=True)
    ]
    crowded = sum(number > FLOOD_ALERTS for counts in slots for number in counts)
    return StreamLoad(
        stream=stream,
        alerts=total,
        per_patient_hour=ratio(total, patient_h),
        per_ward_hour=ratio(total, ward_h),
        floods=sum(floods),
        wards_flooded=sum(number > 0 for number in floods),
        share_in_flood=ratio(crowded, sum(map(len, slots))),
        most_in_10_min=max((_most(times) for times in wards), default=0),
    )


def _slots(times_ms: Sequence[int], begin_ms: int, end_ms: int) -> list[int]:
    """Return how many began in each ten minutes of a ward, one after the other."""
    counts = [0] * (max(end_ms - begin_ms, 0) // FLOOD_MS + 1)
    for at_ms in times_ms:
        counts[(at_ms - begin_ms) // FLOOD_MS] += 1
    return counts


def _most(times_ms: Sequence[int]) -> int:
    """Return the most that began within any ten minutes."""
    times, most, first = sorted(times_ms), 0, 0
    for last, at_ms in enumerate(times):
        while at_ms - times[first] > FLOOD_MS:
            first += 1
        most = max(most, last - first + 1)
    return most
