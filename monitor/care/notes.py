"""A draft of the reaction note, written from the ledger.

A pure function over the effects of one session: what happened, what was done, how the person
responded, and what the ledger cannot know. It adds nothing: every line repeats an effect with
its time (UTC). It is a draft for a person who was there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from monitor.care.alerts import SESSION_ENDED
from monitor.care.restarts import PLAN_WORDS
from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    SessionChanged,
    Step,
)

DRAFT: Final = "DRAFT, written by a program from its ledger. Not checked by a person."
UNKNOWN: Final = (
    "What nobody charted is not here: skin, airway, how the person felt, drugs given unrecorded.",
    "A step counts as done when a person or a pump said so, at the time that they gave.",
    "Whether it helped is read from vital signs and charted symptoms only; it proves no cause.",
)
ROWS: Final = 6
"""So many reasons of an alert are repeated."""


def reaction_note(effects: Iterable[AnyEffect], session: str) -> tuple[str, ...]:
    """Return the lines of the note on a session, in Markdown.

    Parameters
    ----------
    effects
        Of the ledger, in its order; those of other sessions are left out.
    session
        Id of the session.

    Raises
    ------
    KeyError
        If no effect belongs to the session.
    """
    mine = [effect for effect in effects if effect.session == session]
    if not mine:
        raise KeyError(f"no effect belongs to session {session!r}")
    return (
        f"# Reaction note, session {session}",
        "",
        DRAFT,
        "",
        *_about(mine),
        "",
        "## What happened",
        "",
        *_or_nothing(_happened(mine), "No reaction alert was raised in this session."),
        "",
        "## What was done",
        "",
        *_or_nothing(_done(mine), "Nothing was recorded."),
        "",
        "## How the person responded",
        "",
        *_or_nothing(_responded(mine), "No step was looked at."),
        "",
        "## Where it stands",
        "",
        *_or_nothing(_standing(mine), "No steps were advised."),
        "",
        "## What this cannot know",
        "",
        *(f"- {line}" for line in UNKNOWN),
    )


def clock_text(at_ms: int) -> str:
    """Return a time as date and time of day in UTC."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _or_nothing(lines: Iterator[str], otherwise: str) -> list[str]:
    return list(lines) or [otherwise]


def _about(effects: Sequence[AnyEffect]) -> Iterator[str]:
    """Yield who, what and where."""
    moves = [one for one in effects if isinstance(one, SessionChanged) and not one.refused]
    beds = ", ".join(dict.fromkeys(one.bed for one in effects))
    subject = next((one.subject for one in moves if one.subject), "not recorded")
    product = next((one.product for one in moves if one.product), "not recorded")
    yield f"Subject {subject}, product {product}, bed {beds}. Times are UTC."


def _happened(effects: Sequence[AnyEffect]) -> Iterator[str]:
    """Yield the reaction alerts, each from its start to its end, and charted symptoms."""
    last: dict[str, AlertChanged] = {}
    for effect in effects:
        if isinstance(effect, ActRecorded) and effect.act == "symptom" and not effect.refused:
            yield _line(effect.at_ms, f"{effect.step} charted as {effect.status} by {effect.by}")
        if not isinstance(effect, AlertChanged) or effect.kind != "physiological":
            continue
        before = last.get(effect.id)
        last[effect.id] = effect
        if before is not None and effect.phase not in ("escalate", "deescalate", "end"):
            continue
        if effect.phase == "end":
            yield _line(effect.at_ms, _end_words(effect))
            continue
        name = effect.pattern or "unclear picture"
        yield _line(effect.at_ms, f"{name}, grade {effect.grade} ({effect.phase}): {effect.label}")
        for row in effect.because[:ROWS]:
            yield f"    - {row.words} [{', '.join(row.source)}]"


def _done(effects: Sequence[AnyEffect]) -> Iterator[str]:
    """Yield what people did and pumps reported, in order."""
    told: dict[tuple[str, str], Step] = {}
    for effect in effects:
        words = _done_words(effect, tuple(told.values()))
        if words:
            yield _line(effect.at_ms, words)
        if not isinstance(effect, AdviceChanged):
            continue
        for step in effect.steps:
            before = told.get((effect.alert, step.key))
            told[effect.alert, step.key] = step
            if step.state == "offered" or step.at_ms is None:
                continue
            if before is None or _deed(before) != _deed(step):
                yield _line(step.at_ms, _deed_words(step))
            elif before.reason != step.reason:
                yield _line(effect.at_ms, f"{step.reason} ({step.key!r})")


def _done_words(effect: AnyEffect, steps: Sequence[Step]) -> str:
    """Return what an effect says was done, or ""; a drug that was a step has the step's line."""
    match effect:
        case SessionChanged(refused=False):
            return f"session: {effect.event} ({effect.reason})"
        case AlertChanged(phase="acknowledge"):
            return f"alert taken on by {effect.acknowledged_by}"
        case ActRecorded(act="drug", refused=""):
            was_step = (effect.at_ms, effect.by) in {(one.at_ms, one.by) for one in steps}
            return "" if was_step else _drug_words(effect)
    return ""


def _drug_words(act: ActRecorded) -> str:
    """Return a drug that no step asked for, in words."""
    given = f"{act.dose} of {act.step}" if act.dose else act.step
    reason = f" ({act.reason})" if act.reason else ""
    return f"given, not an advised step: {given}, by {act.by}{reason}"


def _deed(step: Step) -> tuple[object, ...]:
    return step.state, step.by, step.at_ms, step.given


def _deed_words(step: Step) -> str:
    given = f", {step.given} given" if step.given else ""
    reason = f" ({step.reason})" if step.reason else ""
    return f"{step.state}: {step.words}{given}, by {step.by}{reason}"


def _responded(effects: Sequence[AnyEffect]) -> Iterator[str]:
    """Yield what became of the signs after each step that was looked at, and when they went."""
    told: set[tuple[str, str, str]] = set()
    last: Step | None = None
    for effect in effects:
        if isinstance(effect, AdviceChanged):
            for step in effect.steps:
                if step.state == "done" and (last is None or (step.at_ms or 0) > (last.at_ms or 0)):
                    last = step
                key = (effect.alert, step.key, step.response_words)
                if step.response and key not in told:
                    told.add(key)
                    words = f"after {step.key!r} {step.response}: {step.response_words}"
                    yield _line(effect.at_ms, words)
        if isinstance(effect, AlertChanged) and _is_over(effect) and not _is_cut(effect):
            yield _line(effect.at_ms, f"no sign holds any more{_since(last, effect.at_ms)}")


def _is_over(alert: AlertChanged) -> bool:
    return alert.kind == "physiological" and alert.phase == "end"


def _is_cut(alert: AlertChanged) -> bool:
    """Tell whether an alert ended only because its session was closed."""
    return alert.reason.startswith(SESSION_ENDED)


def _end_words(alert: AlertChanged) -> str:
    if _is_cut(alert):
        return "the session was closed while signs still held"
    return "no sign holds any more: the condition has ended"


def _since(step: Step | None, at_ms: int) -> str:
    """Return how long after the last step something was, in words."""
    if step is None or step.at_ms is None:
        return "; no step was recorded before"
    return f", {(at_ms - step.at_ms) // 60_000} min after {step.key!r}"


def _standing(effects: Sequence[AnyEffect]) -> Iterator[str]:
    """Yield what the last advice says of the infusion, and what nobody has answered."""
    advice = [one for one in effects if isinstance(one, AdviceChanged)]
    if not advice:
        return
    last = advice[-1]
    why = f": {last.end}" if last.end else ""
    yield f"- The infusion {PLAN_WORDS[last.plan]}{why}."
    if last.recurrences:
        yield f"- Signs came back {last.recurrences} time{'s' * (last.recurrences > 1)}."
    answered = {step.key for one in advice for step in one.steps if step.state != "offered"}
    offered = {
        step.key: step.words for one in advice if one.ladder == last.ladder for step in one.steps
    }
    for key, words in offered.items():
        if key not in answered:
            yield f"- Offered, and nothing recorded: {words}."


def _line(at_ms: int, words: str) -> str:
    return f"- {clock_text(at_ms)} {words}"
