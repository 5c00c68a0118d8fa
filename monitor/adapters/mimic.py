"""Real transfusions of the MIMIC-III demo as recordings: one charted infusion, one session.

A folder holds three tables of the MIMIC-III Clinical Database Demo v1.4 (ODbL 1.0), one row each:

* ``vitals.csv.gz``: the vitals of one stay at one minute, pressures from the arterial line
  (``_art``) and from the cuff (``_nibp``) in columns of their own;
* ``transfusions_mv.csv``: one blood product or albumin given, its start, end, volume and the
  weight of the patient;
* ``stays.csv``: the stays with the age.

The rules of the reading:

* A session opens 120 min before the infusion starts, runs as charted, and is watched for 240 min
  after its end. Readings of the minute in which it starts are taken before it.
* Pressures come from one source for the whole session, so that a baseline is never compared with
  another kind of measurement: the source with more systolic readings before the start; if they
  are equal the one with more in the whole session; if these are equal too, the cuff. Readings of
  the other source are counted and left out.
* Every infusion is a session of its own at a bed of its own. Where infusions of one stay overlap,
  the readings stand in both sessions and neither knows of the other infusion.
* The pump runs at the charted volume over the charted time; the tables have no changes of rate.
* Minutes count from admission. Admission is set to 2100-01-01T00:00Z, a day that nobody can take
  for a real one; only differences matter.

Impossible values (a heart rate of 0, a systolic pressure of 11647) are passed on as charted: to
find them is what the monitor is for. A row that cannot be read is named, and the rest goes on.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.adapters.chart import MINUTE_MS, Chart, Rate
from monitor.adapters.recording import Recording, Remarks
from monitor.adapters.rows import BadValueError, Fields, left_out, number, rows
from monitor.facts.records import PumpState
from monitor.wire.payloads import ChannelName

ADMISSION_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z."""

OPENED_BEFORE_MIN: Final = 120
WATCHED_AFTER_MIN: Final = 240

UNIT: Final = "icu"

VITALS: Final = "vitals.csv.gz"
TRANSFUSIONS: Final = "transfusions_mv.csv"
STAYS: Final = "stays.csv"

PRODUCT: Final = "other"
"""Blood and albumin have no rate table; their words stay in the group of the recording."""

_CHANNELS: Final[dict[str, ChannelName]] = {
    "HR": "hr",
    "RR": "rr",
    "SpO2": "spo2",
    "Temp_C": "temp",
}
_PRESSURES: Final[dict[str, ChannelName]] = {"SBP": "sbp", "DBP": "dbp"}
_CUFF: Final = "nibp"
_LINE: Final = "art"

INFUSION_MIN_MAX: Final = 7 * 24 * 60
"""No infusion lasts longer than a week: such an end is a slip of the pen."""

STAY_MIN_MAX: Final = 10 * 366 * 24 * 60
"""Nothing of a stay is further than ten years from its admission: such a time is a slip, too."""

STAY_NUMBER_MAX: Final = 1e10

_AGE_MAX_YEARS: Final = 120
"""MIMIC writes ages above 89 as 300 or so; such an age is not an age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """One charted infusion; times are minutes since admission.

    ``rates`` are the minutes at which the rate changed, and the rates [mL/h]; without any of them
    the volume was given evenly.
    """

    stay: int
    product: str
    start_min: int
    end_min: int
    volume_ml: float
    weight_kg: float | None
    rates: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted:
    """The vitals of one stay at one minute, by the name of their column."""

    at_min: int
    values: Mapping[str, float]


def is_archive(folder: Path) -> bool:
    """Tell whether a folder holds the tables."""
    return folder.joinpath(VITALS).is_file() and folder.joinpath(TRANSFUSIONS).is_file()


def recordings(folder: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every charted infusion, in the order of the table.

    Raises
    ------
    InputFileError
        If a table is missing, cannot be read, or lacks a column.
    """
    ages = _ages(folder / STAYS, remarks)
    vitals = _vitals(folder / VITALS, remarks)
    for place, infusion in enumerate(_infusions(folder / TRANSFUSIONS, remarks), start=1):
        chart = infusion_chart(
            place, infusion, vitals.get(infusion.stay, ()), ages.get(infusion.stay), remarks
        )
        yield Recording(
            name=f"{TRANSFUSIONS}#{place} {chart.session}",
            unit=UNIT,
            steps=tuple(chart.steps()),
            group=infusion.product,
        )


def infusion_chart(
    place: int,
    infusion: Infusion,
    vitals: Sequence[Charted],
    age_years: int | None,
    remarks: Remarks,
) -> Chart:
    """Return the chart of one infusion, by the rules above; ``vitals`` are those of its stay."""
    opened_min = infusion.start_min - OPENED_BEFORE_MIN
    closed_min = infusion.end_min + WATCHED_AFTER_MIN
    mine = [row for row in vitals if opened_min <= row.at_min <= closed_min]
    before = [row for row in mine if row.at_min <= infusion.start_min]
    source = pressure_source(before, mine)
    chart = Chart(
        unit=UNIT,
        bed=f"infusion-{place:03}",
        session=f"M{infusion.stay}-{infusion.start_min}",
    )
    chart.open(
        at_ms(opened_min),
        subject=f"PX-M{infusion.stay}",
        product=PRODUCT,
        weight_kg=infusion.weight_kg,
        age_years=age_years,
    )
    for row in before:
        _enter(chart, row, source, remarks)
    _pump(chart, infusion)
    for row in mine[len(before) :]:
        _enter(chart, row, source, remarks)
    chart.turn(at_ms(closed_min), "close")
    return chart


def _pump(chart: Chart, infusion: Infusion) -> None:
    """Enter the rates of an infusion, with what had been given by then, and its end."""
    even = infusion.volume_ml * 60 / (infusion.end_min - infusion.start_min)
    infused, before_min, rate = 0.0, infusion.start_min, 0.0
    for at_min, next_rate in infusion.rates or ((infusion.start_min, even),):
        infused += rate * (at_min - before_min) / 60
        before_min, rate = at_min, next_rate
        state: PumpState = "infusing" if rate else "paused"
        running = Rate(state=state, rate_ml_per_h=rate, infused_ml=infused)
        chart.pump(at_ms(at_min), running)
    complete = Rate(state="complete", rate_ml_per_h=0, infused_ml=infusion.volume_ml)
    chart.pump(at_ms(infusion.end_min), complete)


def pressure_source(before: list[Charted], whole: list[Charted]) -> str:
    """Return the one source of pressures of a session: ``art`` or ``nibp``."""
    for charted in (before, whole):
        line, cuff = (
            sum(f"SBP_{source}" in row.values for row in charted) for source in (_LINE, _CUFF)
        )
        if line != cuff:
            return _LINE if line > cuff else _CUFF
    return _CUFF


def _enter(chart: Chart, row: Charted, source: str, remarks: Remarks) -> None:
    values: dict[ChannelName, float] = {
        channel: row.values[column] for column, channel in _CHANNELS.items() if column in row.values
    }
    other = _LINE if source == _CUFF else _CUFF
    for column, channel in _PRESSURES.items():
        if f"{column}_{source}" in row.values:
            values[channel] = row.values[f"{column}_{source}"]
        if f"{column}_{other}" in row.values:
            remarks.count("pressures of the other source left out")
    chart.vitals(at_ms(row.at_min), values)


def at_ms(minutes: int) -> int:
    """Return the time of a minute since admission."""
    return ADMISSION_MS + minutes * MINUTE_MS


def _vitals(path: Path, remarks: Remarks) -> Mapping[int, list[Charted]]:
    columns = (*_CHANNELS, *(f"{name}_{kind}" for name in _PRESSURES for kind in (_LINE, _CUFF)))
    by_stay: dict[int, list[Charted]] = defaultdict(list)
    for line, row in rows(path, remarks, ("icustay_id", "t_min", *columns)):
        try:
            charted = Charted(
                at_min=_minutes(row, "t_min"),
                values={name: number(row, name) for name in columns if row[name]},
            )
            by_stay[_stay(row)].append(charted)
        except BadValueError as fault:
            left_out(path, line, fault, remarks)
    for mine in by_stay.values():
        mine.sort(key=lambda charted: charted.at_min)
    return by_stay


def _infusions(path: Path, remarks: Remarks) -> Iterator[Infusion]:
    columns = ("icustay_id", "product", "t_start_min", "t_end_min", "amount", "unit", "weight_kg")
    for line, row in rows(path, remarks, columns):
        try:
            yield _infusion(row)
        except BadValueError as fault:
            left_out(path, line, fault, remarks)


def _infusion(row: Fields) -> Infusion:
    start_min, end_min = _minutes(row, "t_start_min"), _minutes(row, "t_end_min")
    volume_ml = number(row, "amount")
    if end_min <= start_min:
        raise BadValueError("t_end_min", row["t_end_min"], f"ends before its start {start_min}")
    if end_min - start_min > INFUSION_MIN_MAX:
        raise BadValueError("t_end_min", row["t_end_min"], f"lasts over {INFUSION_MIN_MAX} min")
    if volume_ml <= 0:
        raise BadValueError("amount", row["amount"], "must be above 0")
    if row["unit"].lower() != "ml":
        raise BadValueError("unit", row["unit"], "must be ml")
    weight_kg = number(row, "weight_kg") if row["weight_kg"] else None
    return Infusion(
        stay=_stay(row),
        product=row["product"],
        start_min=start_min,
        end_min=end_min,
        volume_ml=volume_ml,
        weight_kg=weight_kg or None,
    )


def _ages(path: Path, remarks: Remarks) -> Mapping[int, int]:
    ages = {}
    for line, row in rows(path, remarks, ("icustay_id", "age")):
        try:
            age_years = int(number(row, "age"))
            if 0 <= age_years <= _AGE_MAX_YEARS:
                ages[_stay(row)] = age_years
        except BadValueError as fault:
            left_out(path, line, fault, remarks)
    return ages


def _stay(row: Fields) -> int:
    return int(number(row, "icustay_id", STAY_NUMBER_MAX))


def _minutes(row: Fields, name: str) -> int:
    return round(number(row, name, STAY_MIN_MAX))
