"""Expectations: rows of what must come, and of what must not."""

from typing import Final, get_args

from monitor.facts.effects import AlertChanged, AnyEffect, Step
from monitor.scenario.places import Place, shown
from monitor.scenario.shown import names_of
from monitor.scenario.stories import Expectation, Mode, Subject, Wanted
from monitor.scenario.times import AT_FORM, SPAN_FORM, at_ms, span_ms

EFFECTS: Final = {kind.__struct_config__.tag: kind for kind in get_args(AnyEffect)}
"""Every kind of effect by the word that stands for it in the ledger."""

BED_FIELDS: Final = (
    "grade", "pattern", "phase", "baseline", "alerts", "offered", "not_offered", "done",
)  # fmt: skip
"""What may be said of a bed itself."""

STEP_FIELDS: Final = (*names_of(Step), "ladder")
ALERT_FIELDS: Final = (*names_of(AlertChanged), "rules")
_FRAME: Final = frozenset({"at", "within", "during", "bed", "alert", "step", "told", "why"})


def expectation(place: Place, bed: str, ends_ms: int, *, wanted: bool) -> Expectation:
    """Return the expectation of a row, or keep its faults and leave."""
    mode, from_ms, to_ms = _when(place, ends_ms, wanted=wanted)
    if to_ms > ends_ms:
        place.refuse(mode, "must not be after the end of the scenario (ends)")
    subject = _subject(place)
    name = "" if subject == "bed" else place.text(subject)
    fields = _fields(place, subject, name)
    if subject == "bed" and not fields:
        place.refuse("", "says nothing: name an alert, a step, something told, or a field")
    return Expectation(
        row=place.name,
        wanted=wanted,
        mode=mode,
        from_ms=from_ms,
        to_ms=to_ms,
        bed=place.text("bed", bed),
        subject=subject,
        name=name,
        fields=fields,
        why=place.text("why", ""),
    )


def _subject(place: Place) -> Subject:
    """Return what a row is about; what was told may itself name an alert or a step."""
    if "told" in place.values:
        return "told"
    if "alert" in place.values and "step" in place.values:
        place.refuse("", "must have one of alert, step; has both")
    return "alert" if "alert" in place.values else "step" if "step" in place.values else "bed"


def _when(place: Place, ends_ms: int, *, wanted: bool) -> tuple[Mode, int, int]:
    """Return how and when a row is looked at; what must not come may leave it out."""
    given = [key for key in ("at", "within", "during") if key in place.values]
    if not given and not wanted:
        return "during", 0, ends_ms
    if len(given) != 1 or (not wanted and given == ["within"]):
        keys = "at, within or during" if wanted else "at or during"
        place.refuse("", f"must have one of {keys}; has {', '.join(given) or 'none'}")
    key, raw = given[0], place.values[given[0]]
    if key == "at":
        time = at_ms(raw)
        if time is None:
            place.refuse(key, f"must be {AT_FORM}, got {shown(raw)}")
        return "at", time, time
    span = span_ms(raw)
    if span is None:
        place.refuse(key, f"must be {SPAN_FORM}, got {shown(raw)}")
    return ("within" if key == "within" else "during"), *span


def _fields(place: Place, subject: Subject, name: str) -> dict[str, Wanted]:
    known: tuple[str, ...] = BED_FIELDS
    if subject == "alert":
        known = ALERT_FIELDS
    elif subject == "step":
        known = STEP_FIELDS
    elif subject == "told":
        if name not in EFFECTS:
            place.refuse("told", f"must be one of {', '.join(sorted(EFFECTS))}, got {name!r}")
        known = names_of(EFFECTS[name])
    fields: dict[str, Wanted] = {}
    for key, raw in place.values.items():
        if key in _FRAME and not (subject == "told" and key in known):
            continue
        if key not in known:
            place.keep(key, f"unknown key; known here: {', '.join(sorted({*known, *_FRAME}))}")
            continue
        fields[key] = _wanted(place, key, raw)
    return fields


def _wanted(place: Place, key: str, raw: object) -> Wanted:
    if isinstance(raw, list) and all(isinstance(one, str) for one in raw):
        return tuple(raw)
    if not isinstance(raw, str | int | float | bool):
        kinds = "text, a number, true, false or a list of texts"
        place.refuse(key, f"must be {kinds}, got {shown(raw)}")
    return raw


def matches(value: object, wanted: Wanted) -> bool:
    """Tell whether a value is what a row wants.

    A text that begins or ends with ``...`` wants only the part that it gives; ``">= 3"`` and
    ``"<= 3"`` want a number so large or so small; a list wants each of its texts to be there,
    in this order, and an empty list wants nothing to be there.

    >>> matches("SBP 84 mmHg is below 90", "...SBP 84..."), matches(3, ">= 2")
    (True, True)
    """
    if isinstance(wanted, tuple):
        return _in_order(value, wanted)
    if isinstance(wanted, str) and wanted[:3] in {">= ", "<= "}:
        limit = float(wanted[3:])
        if not isinstance(value, int | float):
            return False
        return value >= limit if wanted[0] == ">" else value <= limit
    if isinstance(wanted, str) and isinstance(value, str) and "..." in wanted:
        part = wanted.removeprefix("...").removesuffix("...")
        starts = wanted.startswith("...") or value.startswith(part)
        ends = wanted.endswith("...") or value.endswith(part)
        return starts and ends and part in value
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    return value == wanted


def _in_order(value: object, wanted: tuple[str, ...]) -> bool:
    there = [str(one) for one in value] if isinstance(value, list | tuple | frozenset) else []
    if not wanted:
        return not there
    place = 0
    for one in wanted:
        found = [n for n in range(place, len(there)) if matches(there[n], one)]
        if not found:
            return False
        place = found[0] + 1
    return True
