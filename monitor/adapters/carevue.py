"""Infusions as CareVue charted them in MIMIC-III (``inputevents_cv``): rows without an end.

MetaVision says when an infusion began and ended. CareVue has rows with one time each: a rate was
set *then*, an amount had been given *by then* (so the description of the table), and a row may say
that it was stopped. The rules by which they become infusions are ours:

* Rows of one stay and one item are one infusion, until a row says that it was stopped or sets a
  rate of 0, or nothing is charted for longer than four hours.
* From a row with a rate to the next row the pump runs at that rate. Where no rate is known, an
  amount was given evenly since the row before, at the first row in the hour before it.
* A rate that no row follows is given for one more hour: CareVue was charted every hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.adapters.mimic import INFUSION_MIN_MAX, Infusion
from monitor.adapters.recording import Remarks
from monitor.adapters.rows import BadValueError, Fields, number

TABLE: Final = "inputevents_cv"
NEEDED: Final = ("charttime", "itemid", "amount", "amountuom", "rate", "rateuom")

PRODUCTS: Final[Mapping[int, str]] = {
    30179: "Packed Red Blood Cells",
    30001: "Packed Red Blood Cells",
    30004: "Packed Red Blood Cells",
    30006: "Platelets",
    30007: "Cryoprecipitate",
    30005: "Fresh Frozen Plasma",
    30180: "Fresh Frozen Plasma",
    30009: "Albumin 25%",
    30008: "Albumin 5%",
    30181: "Albumin 5%",
}
"""Infusions that are sessions: blood products and albumin of ``d_items`` of CareVue."""

HOUR_MIN: Final = 60
GAP_MIN: Final = 240
"""After a longer silence the next row begins another infusion."""

STOPPED: Final = frozenset({"stopped", "d/c'd"})
VOLUMES: Final = frozenset({"ml", "cc"})
RATES: Final = frozenset({"ml/hr", "mlhr", "ml/h", "cc/hr", "cchr"})

NOTHING: Final = "rows of infusions with neither a rate nor an amount"
NO_VOLUME: Final = "infusions of which nothing was given"
TOO_LONG: Final = "infusions that last over a week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one row says; None where it does not say it."""

    at_min: int
    rate_ml_per_h: float | None
    amount_ml: float | None
    is_stopped: bool


def row_of(at_min: int, fields: Fields) -> Row | None:
    """Return what a row says, None if that is nothing.

    Raises
    ------
    BadValueError
        If rate or amount is no number from 0 on, or in another unit than of volume.
    """
    row = Row(
        at_min=at_min,
        rate_ml_per_h=_measured(fields, "rate", "rateuom", RATES),
        amount_ml=_measured(fields, "amount", "amountuom", VOLUMES),
        is_stopped=fields["stopped"].lower() in STOPPED,
    )
    is_empty = row.rate_ml_per_h is None and row.amount_ml is None and not row.is_stopped
    return None if is_empty else row


def _measured(fields: Fields, name: str, unit: str, units: frozenset[str]) -> float | None:
    if not fields[name]:
        return None
    value = number(fields, name)
    if value < 0:
        raise BadValueError(name, fields[name], "must be 0 or above")
    if fields[unit].lower().replace(" ", "") not in units:
        raise BadValueError(unit, fields[unit], f"must be one of {', '.join(sorted(units))}")
    return value


def infusions(
    path: Path, found: Iterable[tuple[int, int, Row]], remarks: Remarks
) -> Iterator[Infusion]:
    """Yield the infusions that rows make: stay, item and what each row says."""
    charted: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for stay, item, row in found:
        charted[stay, item].append(row)
    for (stay, item), rows in charted.items():
        for course in courses(sorted(rows, key=lambda row: row.at_min)):
            spans = given(course)
            words = f"{path}: stay {stay}, item {item}, minute {course[0].at_min}"
            if not spans:
                remarks.add(NO_VOLUME, f"{words}: nothing was given; infusion left out")
            elif spans[-1].end_min - spans[0].start_min > INFUSION_MIN_MAX:
                remarks.add(TOO_LONG, f"{words}: lasts over a week; infusion left out")
            else:
                yield _infusion(stay, item, spans)


def courses(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of one item, in order of time, cut where an infusion ended."""
    course: list[Row] = []
    for row in rows:
        last = course[-1] if course else None
        has_ended = last is not None and (last.is_stopped or last.rate_ml_per_h == 0)
        # Of one minute all rows belong together: rates and amounts were charted apart.
        since_min = 0 if last is None else row.at_min - last.at_min
        if since_min > (0 if has_ended else GAP_MIN):
            yield course
            course = []
        course.append(row)
    if course:
        yield course


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was given from one minute to another."""

    start_min: int
    end_min: int
    volume_ml: float


def given(course: Sequence[Row]) -> list[Span]:
    """Return what was given in an infusion, in order, without what comes before and after."""
    minutes: dict[int, list[Row]] = defaultdict(list)
    for row in course:
        minutes[row.at_min].append(row)
    times = sorted(minutes)
    spans: list[Span] = []
    before_min, rate = times[0] - HOUR_MIN, None
    for at_min in times:
        amounts = [row.amount_ml for row in minutes[at_min] if row.amount_ml is not None]
        volume = sum(amounts) if rate is None else rate * (at_min - before_min) / HOUR_MIN
        spans.append(Span(start_min=before_min, end_min=at_min, volume_ml=volume))
        rates = [row.rate_ml_per_h for row in minutes[at_min] if row.rate_ml_per_h is not None]
        rate = rates[-1] if rates else rate
        if any(row.is_stopped for row in minutes[at_min]):
            rate = 0.0
        before_min = at_min
    if rate:
        spans.append(Span(start_min=before_min, end_min=before_min + HOUR_MIN, volume_ml=rate))
    flowing = [place for place, span in enumerate(spans) if span.volume_ml > 0]
    return spans[flowing[0] : flowing[-1] + 1] if flowing else []


def _infusion(stay: int, item: int, spans: Sequence[Span]) -> Infusion:
    rates: list[tuple[int, float]] = []
    for span in spans:
        rate = span.volume_ml * HOUR_MIN / (span.end_min - span.start_min)
        if not rates or rates[-1][1] != rate:
            rates.append((span.start_min, rate))
    return Infusion(
        stay=stay,
        product=PRODUCTS[item],
        start_min=spans[0].start_min,
        end_min=spans[-1].end_min,
        volume_ml=sum(span.volume_ml for span in spans),
        weight_kg=None,
        rates=tuple(rates),
    )
