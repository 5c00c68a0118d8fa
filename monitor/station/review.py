"""Reviews: events in words, bands of grades, episodes, and the sheet of a hand-over. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from monitor.adapters.viewing import time_ms
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    AlertChanged,
    AlertEscalated,
    AnyEffect,
    BaselineChanged,
    DeviceChanged,
    GradeChanged,
    MessageRejected,
    SessionChanged,
    SnoozeChanged,
)
from monitor.station.board import StandingAlert, StandingState
from monitor.wire.bed_parts import DueShown
from monitor.wire.outbound import AdvicePayload, AlertPayload, StatePayload

FLAGS: Final = frozenset(
    {"start", "rate", "vitals", "symptom", "alert", "stop", "dose", "act", "session"}
)
"""Kinds of event that are drawn; the others are only listed."""

SESSION_KINDS: Final = {
    "start": "start",
    "resume": "start",
    "raised": "rate",
    "lowered": "rate",
    "pause": "stop",
    "stop": "stop",
    "complete": "stop",
}
SESSION_WORDS: Final = {
    "open": "session opened",
    "baseline": "baseline begun",
    "start": "infusion started",
    "raised": "rate raised",
    "lowered": "rate lowered",
    "pause": "infusion paused",
    "resume": "infusion resumed",
    "stop": "infusion stopped",
    "complete": "infusion complete",
    "watched": "watch is over",
    "close": "session closed",
    "transfer": "moved",
}
ACT_KINDS: Final = {"symptom": "symptom", "vitals": "vitals", "condition": "vitals"}
WHY_ROWS: Final = 3

SIGNALS: Final = {
    "on": "calling, nobody has it",
    "latched": "over, nobody has seen it",
    "audio-paused": "tone paused, nobody has it",
}
"""What a sheet says of an alert that nobody has; other signals are words already."""

"""So many reasons of an alert fit on a sheet that is read aloud."""

EPISODES_MS: Final = 12 * 3_600_000


class EventRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened, in words."""

    t_ms: int
    bed: str
    session: str
    kind: str
    words: str
    by: str = ""
    priority: str = ""
    id: str = ""


class SheetRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a hand-over; times stand apart, so that every screen shows them in its zone."""

    words: str
    due: str = ""
    until: str = ""
    by: str = ""
    reason: str = ""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """A time during which an alert had one grade; open where ``to_ms`` is None."""

    from_ms: int
    to_ms: int | None
    grade: int | None
    alert: str


def event_rows(effects: Iterable[AnyEffect]) -> list[EventRow]:
    """Return what happened, in its order; updates that change nothing for a reader are left out."""
    found = [_row(effect) for effect in effects]
    return [row for row in found if row is not None]


def _row(effect: AnyEffect) -> EventRow | None:
    match effect:
        case AlertChanged():
            return _alert_row(effect)
        case SessionChanged():
            return _session_row(effect)
        case ActRecorded():
            return _act_row(effect)
        case _:
            return _other_row(effect)


def _event(effect: AnyEffect, kind: str, words: str, **more: str) -> EventRow:
    return EventRow(
        t_ms=effect.at_ms, bed=effect.bed, session=effect.session, kind=kind, words=words, **more
    )


def _alert_row(alert: AlertChanged) -> EventRow | None:
    if alert.phase == "update":
        return None
    name = alert.pattern or alert.cause
    grade = "" if alert.grade == NOT_ASSESSABLE else f", grade {alert.grade}"
    # At its end a reaction says only what it waits for; what is technical has no grade.
    words = f"{name}{grade}" + ("" if alert.phase == "end" else f": {alert.label}")
    if alert.kind == "technical":
        words = alert.label
    if alert.phase == "acknowledge":
        return _event(
            alert,
            "act",
            f"taken on: {name}",
            by=alert.acknowledged_by,
            priority=alert.priority,
            id=alert.id,
        )
    verb = {"escalate": "worse: ", "deescalate": "better: ", "end": "ended: "}.get(alert.phase, "")
    return _event(alert, "alert", verb + words, priority=alert.priority, id=alert.id)


def _session_row(session: SessionChanged) -> EventRow:
    words = SESSION_WORDS.get(session.event, session.event)
    if session.refused:
        return _event(session, "refused", f"refused: {words}: {session.reason}")
    kind = SESSION_KINDS.get(session.event, "session")
    return _event(session, kind, f"{words} ({session.reason})" if session.reason else words)


def _act_row(act: ActRecorded) -> EventRow | None:
    details = " ".join(part for part in (act.step, act.status, act.dose, act.reason) if part)
    words = f"{act.act}: {details}" if details else act.act
    if act.refused:
        return _event(act, "refused", f"refused: {words}: {act.refused}", by=act.by, id=act.id)
    if act.act == "ack":
        return None  # the alert itself tells who has taken it on
    kind = ACT_KINDS.get(act.act, "act")
    if act.act == "step" and (act.dose or act.status == "done"):
        kind = "dose" if act.dose else "act"
    return _event(act, kind, words, by=act.by, id=act.id)


def _other_row(effect: AnyEffect) -> EventRow | None:
    match effect:
        case AlertEscalated():
            words = f"told to {effect.to}: {effect.label} ({effect.reason})"
            return _event(
                effect, "call", words, by=effect.by, priority=effect.priority, id=effect.alert
            )
        case SnoozeChanged():
            words = f"snooze of {effect.sign} up to grade {effect.grade}"
            words += f" ended: {effect.end}" if effect.end else f": {effect.reason}"
            return _event(effect, "snooze", words, by=effect.by)
    kind, words = _plain_words(effect)
    return _event(effect, kind, words) if kind else None


def _plain_words(effect: AnyEffect) -> tuple[str, str]:
    """Return kind and words of what nobody did and nobody is called for; empty: not listed."""
    match effect:
        case DeviceChanged():
            return "device", f"{effect.device} {effect.state}: {effect.reason}"
        case BaselineChanged():
            return "baseline", f"baseline {effect.status}"
        case GradeChanged():
            grade = "not assessable" if effect.grade == NOT_ASSESSABLE else f"grade {effect.grade}"
            return "grade", f"{grade} {effect.pattern}".rstrip()
        case MessageRejected():
            sender = effect.device or "a device"
            return "refused", f"message of {sender} refused: {effect.reason}"
    return "", ""


def bands(effects: Iterable[AnyEffect], bed: str, session: str) -> list[Band]:
    """Return the grades of the reactions of a session over time."""
    newest: dict[str, AlertChanged] = {}
    for effect in effects:
        if not isinstance(effect, AlertChanged) or effect.kind != "physiological":
            continue
        if (effect.bed, effect.session) == (bed, session):
            newest[effect.id] = _as_it_ended(newest.get(effect.id), effect)
    return [band for alert in newest.values() for band in _bands_of(alert)]


def _as_it_ended(before: AlertChanged | None, alert: AlertChanged) -> AlertChanged:
    """Return what was told last of an alert, at the time of its end where it had ended before.

    What is told after the end (somebody has seen it, a new alert took its place) is about the
    signal, and says nothing of how long the condition lasted.
    """
    if before is None or before.condition != "ended":
        return alert
    return msgspec.structs.replace(alert, at_ms=before.at_ms)


def _bands_of(alert: AlertChanged) -> list[Band]:
    path = alert.grade_path or ((alert.onset_ms, alert.grade),)
    ended_ms = alert.at_ms if alert.condition == "ended" else None
    starts = [at_ms for at_ms, _ in path]
    ends: list[int | None] = [*starts[1:], ended_ms]
    return [
        Band(
            from_ms=at_ms,
            to_ms=end_ms,
            grade=None if grade == NOT_ASSESSABLE else grade,
            alert=alert.id,
        )
        for (at_ms, grade), end_ms in zip(path, ends, strict=True)
    ]


def episodes(effects: Iterable[AnyEffect], bed: str, since_ms: int) -> list[str]:
    """Return the episodes of a bed since a time: reactions a line each, then what was technical.

    Of technical ones those with the same words share a line: a device that falls silent again and
    again must not hide a reaction.
    """
    newest: dict[str, AlertChanged] = {}
    worst: dict[str, AlertChanged] = {}
    for effect in effects:
        if isinstance(effect, AlertChanged) and effect.bed == bed and effect.at_ms >= since_ms:
            newest[effect.id] = _as_it_ended(newest.get(effect.id), effect)
            known = worst.get(effect.id)
            # Of words at the same grade the last while it stood, which know the most.
            is_as_bad = known is not None and effect.grade == known.grade
            if known is None or effect.grade > known.grade or (is_as_bad and _stands(effect)):
                worst[effect.id] = effect
    technical: dict[str, list[AlertChanged]] = {}
    for alert in newest.values():
        if alert.kind == "technical":
            technical.setdefault(alert.label, []).append(alert)
    return [
        *(
            _episode_line(alert, worst[name])
            for name, alert in newest.items()
            if alert.kind != "technical"
        ),
        *(_technical_line(found) for found in technical.values()),
    ]


def _stands(alert: AlertChanged) -> bool:
    return alert.condition == "active"


def _technical_line(alerts: Sequence[AlertChanged]) -> str:
    times = f"{len(alerts)} times, " if len(alerts) > 1 else ""
    lasted = sum(_minutes(alert) for alert in alerts)
    end = f"{lasted} min" if alerts[-1].condition == "ended" else "goes on"
    return f"technical: {alerts[-1].label}; {times}{end}"


def _minutes(alert: AlertChanged) -> int:
    return max(0, alert.at_ms - alert.onset_ms) // 60_000


def _episode_line(alert: AlertChanged, worst: AlertChanged) -> str:
    """Return what an episode was when it was worst, how long it lasted, and who had it."""
    grade = "" if worst.grade == NOT_ASSESSABLE else f", up to grade {worst.grade}"
    end = f"ended after {_minutes(alert)} min" if alert.condition == "ended" else "goes on"
    taken = f"; taken on by {alert.acknowledged_by}" if alert.acknowledged_by else "; not taken on"
    name = worst.pattern or worst.cause
    return f"{worst.priority} {name}{grade}: {worst.label}; {end}{taken}"


def sheet(
    bed: str,
    standing: StandingState,
    alerts: Sequence[StandingAlert],
    advice: AdvicePayload | None,
    *,
    effects: Sequence[AnyEffect],
    now_ms: int,
) -> dict[str, object]:
    """Return what one shift hands to the next about one bed."""
    state = standing.payload
    why = list(dict.fromkeys(line for one in alerts for line in _why_lines(one.payload)))
    if not alerts and state.why_not is not None:
        why += state.why_not.lines[:1]
    steps = advice.steps if advice is not None else ()
    return {
        "bed": bed,
        "session": state.session,
        "subject": state.subject,
        "product": state.product,
        "phase": state.phase,
        "grade": state.grade,
        "alerts": [_alert_line(one, now_ms) for one in alerts],
        "snoozes": [
            SheetRow(
                words=f"{one.sign} up to grade {one.grade}",
                until=one.until,
                by=one.by,
                reason=one.reason,
            )
            for one in state.snoozes
        ],
        "steps": [
            step.words if step.state == "offered" else f"{step.words} (started)"
            for step in steps
            if step.state in ("offered", "started")
        ],
        "untold": [f"{one.what}: {one.reason}" for one in state.untold],
        "why": why,
        "episodes_12h": episodes(effects, bed, now_ms - EPISODES_MS),
        "due": _due(state),
    }


def _why_lines(alert: AlertPayload) -> list[str]:
    """Return the gravest rows of an alert in a line each; the chair says the rest."""
    rows = sorted(alert.because, key=lambda row: -row.grade)
    lines = [f"{row.sign} grade {row.grade}: {row.words}" for row in rows[:WHY_ROWS]]
    more = len(rows) - WHY_ROWS
    return [*lines, f"{more} more in the open bed"] if more > 0 else lines


def _alert_line(one: StandingAlert, now_ms: int) -> str:
    alert = one.payload
    minutes = max(0, now_ms - time_ms(alert.onset)) // 60_000
    words = f"{alert.priority} {alert.label}, {alert.state}, {minutes} min old"
    has = SIGNALS.get(alert.signal, alert.signal)
    return f"{words}; {alert.acked.by} has it" if alert.acked else f"{words}; {has}"


def _due_words(one: DueShown) -> str:
    """Return a set of vital signs; before it is due nothing of it is missing yet."""
    words = f"vital signs {one.words}"
    if one.state == "next":
        return words
    missing = f"; missing {', '.join(one.missing)}" if one.missing else ""
    return f"{words}: {one.state}{missing}"


def _due(state: StatePayload) -> list[SheetRow]:
    rows = [SheetRow(words=_due_words(one), due=one.due) for one in state.vitals_due]
    rows += [SheetRow(words=f"wanted: {name}") for name in state.wanted]
    rows += [SheetRow(words=f"watched for {one.words}", until=one.until) for one in state.watch]
    if state.step_up is not None and state.step_up.due is not None:
        rows.append(SheetRow(words="next rate step", due=state.step_up.due))
    return rows
