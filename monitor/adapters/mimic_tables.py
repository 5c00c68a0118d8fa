"""The published tables of MIMIC-III and MIMIC-IV: one charted transfusion, one session.

A folder holds ``chartevents``, ``icustays`` and ``inputevents`` (MIMIC-III: ``inputevents_mv``,
``inputevents_cv`` or both; :mod:`monitor.adapters.carevue` says how the second is read), and
``patients`` where ages are wanted, each as ``.csv`` or ``.csv.gz`` in any case; or it holds
the folders ``icu`` and ``hosp`` in which they lie, as MIMIC-IV does. The rules by which a
transfusion becomes a session are those of :mod:`monitor.adapters.mimic`. ``chartevents`` is read
once and passes through: only what was charted around an infusion is held.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.adapters import carevue
from monitor.adapters.chart import MINUTE_MS
from monitor.adapters.mimic import (
    INFUSION_MIN_MAX,
    OPENED_BEFORE_MIN,
    STAY_MIN_MAX,
    STAY_NUMBER_MAX,
    UNIT,
    WATCHED_AFTER_MIN,
    Charted,
    Infusion,
    infusion_chart,
)
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import (
    BadValueError,
    Fields,
    found_table,
    instant_ms,
    left_out,
    number,
    rows,
)

EVENTS: Final = "chartevents"
STAYS: Final = "icustays"
INPUTS: Final = ("inputevents", "inputevents_mv")
PATIENTS: Final = "patients"

FAHRENHEIT: Final = "Temp_F"
ITEMS: Final[Mapping[int, str]] = {
    211: "HR",
    220045: "HR",
    618: "RR",
    220210: "RR",
    646: "SpO2",
    220277: "SpO2",
    676: "Temp_C",
    223762: "Temp_C",
    678: FAHRENHEIT,
    223761: FAHRENHEIT,
    51: "SBP_art",
    220050: "SBP_art",
    8368: "DBP_art",
    220051: "DBP_art",
    455: "SBP_nibp",
    220179: "SBP_nibp",
    8441: "DBP_nibp",
    220180: "DBP_nibp",
}
"""Numbers of the items in ``d_items`` of both charting systems, and the column each stands for."""

PRODUCTS: Final[Mapping[int, str]] = {
    225168: "Packed Red Blood Cells",
    225170: "Platelets",
    225171: "Cryoprecipitate",
    220970: "Fresh Frozen Plasma",
    220862: "Albumin 25%",
    220864: "Albumin 5%",
}
"""Infusions that are sessions: blood products and albumin of ``d_items``."""

REWRITTEN: Final = "rewritten"
"""Status of a row that another row has replaced."""

DAYS_PER_YEAR: Final = 365.2425
AGE_MAX_YEARS: Final = 120
DAY_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    subject: str
    in_ms: int


def is_archive(folder: Path) -> bool:
    """Tell whether a folder holds the tables."""
    return _table(folder, EVENTS) is not None and _table(folder, STAYS) is not None


def _table(folder: Path, *names: str) -> Path | None:
    places = (folder, folder / "icu", folder / "hosp")
    return next((found for place in places if (found := found_table(place, *names))), None)


def _must(folder: Path, *names: str) -> Path:
    found = _table(folder, *names)
    if found is None:
        raise InputFileError(folder, f"holds no table {' or '.join(names)} (.csv or .csv.gz)")
    return found


def recordings(folder: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every charted transfusion, in the order of the table.

    Raises
    ------
    InputFileError
        If a table is missing, cannot be read, or lacks a column.
    """
    stays = dict(_stays(_must(folder, STAYS), remarks))
    given = list(_given(folder, stays, remarks))
    if not given:
        raise InputFileError(folder, "holds no transfusion that can be read")
    ages = _ages(_table(folder, PATIENTS), stays, remarks)
    vitals = _vitals(_must(folder, EVENTS), stays, given, remarks)
    for place, infusion in enumerate(given, start=1):
        age = ages.get(infusion.stay)
        chart = infusion_chart(place, infusion, vitals.get(infusion.stay, ()), age, remarks)
        yield Recording(
            name=f"{folder.name}#{place} {chart.session}",
            unit=UNIT,
            steps=tuple(chart.steps()),
            group=infusion.product,
        )


def _stay_id(fields: Fields) -> int:
    """Return the number of a stay, which the two editions call by different names."""
    name = "stay_id" if fields["stay_id"] else "icustay_id"
    stay = number(fields, name, STAY_NUMBER_MAX)
    if stay < 0 or stay != int(stay):
        raise BadValueError(name, fields[name], "must be a whole number from 0")
    return int(stay)


_IDS: Final = ("stay_id", "icustay_id")


def _stays(path: Path, remarks: Remarks) -> Iterator[tuple[int, _Stay]]:
    for at, fields in rows(path, remarks, ("subject_id", "intime"), _IDS):
        try:
            stay = _Stay(subject=fields["subject_id"], in_ms=instant_ms(fields, "intime"))
            yield _stay_id(fields), stay
        except BadValueError as fault:
            left_out(path, at, fault, remarks)


def _given(folder: Path, stays: Mapping[int, _Stay], remarks: Remarks) -> Iterator[Infusion]:
    """Yield the infusions of both charting systems; a stay is in one of them."""
    charted = _table(folder, carevue.TABLE)
    path = _table(folder, *INPUTS) if charted else _must(folder, *INPUTS, carevue.TABLE)
    if path is not None:
        yield from _infusions(path, stays, remarks)
    if charted is not None:
        yield from carevue.infusions(charted, _carevue_rows(charted, stays, remarks), remarks)


def _carevue_rows(
    path: Path, stays: Mapping[int, _Stay], remarks: Remarks
) -> Iterator[tuple[int, int, carevue.Row]]:
    """Yield stay, item and what it says of every row of a product."""
    for at, fields in rows(path, remarks, carevue.NEEDED, (*_IDS, "stopped")):
        try:
            item = int(number(fields, "itemid", 1e9))
            if item not in carevue.PRODUCTS:
                continue
            stay = _stay_id(fields)
            about = _about(stay, stays)
            row = carevue.row_of(_minute(fields, "charttime", about), fields)
        except BadValueError as fault:
            left_out(path, at, fault, remarks)
            continue
        if row is None:
            remarks.count(carevue.NOTHING)
        else:
            yield stay, item, row


def _about(stay: int, stays: Mapping[int, _Stay]) -> _Stay:
    about = stays.get(stay)
    if about is None:
        raise BadValueError("stay", str(stay), f"is not in {STAYS}")
    return about


def _infusions(path: Path, stays: Mapping[int, _Stay], remarks: Remarks) -> Iterator[Infusion]:
    needed = ("starttime", "endtime", "itemid", "amount", "amountuom")
    for at, fields in rows(path, remarks, needed, (*_IDS, "patientweight", "statusdescription")):
        try:
            product = PRODUCTS.get(int(number(fields, "itemid", 1e9)))
            if product is None or fields["statusdescription"].lower() == REWRITTEN:
                continue
            yield _infusion(_stay_id(fields), stays, product, fields)
        except BadValueError as fault:
            left_out(path, at, fault, remarks)


def _infusion(stay: int, stays: Mapping[int, _Stay], product: str, fields: Fields) -> Infusion:
    about = _about(stay, stays)
    start_min = _minute(fields, "starttime", about)
    end_min = _minute(fields, "endtime", about)
    if not start_min < end_min <= start_min + INFUSION_MIN_MAX:
        reason = f"must end after its start and within {INFUSION_MIN_MAX} min"
        raise BadValueError("endtime", fields["endtime"], reason)
    if fields["amountuom"].lower() != "ml":
        raise BadValueError("amountuom", fields["amountuom"], "must be ml")
    volume_ml = number(fields, "amount")
    if volume_ml <= 0:
        raise BadValueError("amount", fields["amount"], "must be above 0")
    weight = number(fields, "patientweight") if fields["patientweight"] else 0.0
    return Infusion(
        stay=stay,
        product=product,
        start_min=start_min,
        end_min=end_min,
        volume_ml=volume_ml,
        weight_kg=weight if weight > 0 else None,
    )


def _minute(fields: Fields, name: str, about: _Stay) -> int:
    minute = round((instant_ms(fields, name) - about.in_ms) / MINUTE_MS)
    if abs(minute) > STAY_MIN_MAX:
        reason = f"is further than {STAY_MIN_MAX} min from the admission"
        raise BadValueError(name, fields[name], reason)
    return minute


def _vitals(
    path: Path, stays: Mapping[int, _Stay], given: Sequence[Infusion], remarks: Remarks
) -> Mapping[int, list[Charted]]:
    """Return what was charted around infusions, by stay, in order of time."""
    wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one in given:
        span = (one.start_min - OPENED_BEFORE_MIN, one.end_min + WATCHED_AFTER_MIN)
        wanted[one.stay].append(span)
    found: dict[int, dict[int, dict[str, float]]] = defaultdict(dict)
    for at, fields in rows(path, remarks, ("itemid", "charttime", "valuenum"), (*_IDS, "error")):
        try:
            column = ITEMS.get(int(number(fields, "itemid", 1e9)))
            if column is None or not (fields["stay_id"] or fields["icustay_id"]):
                continue
            stay = _stay_id(fields)
            if stay not in wanted:
                continue
            minute = _minute(fields, "charttime", stays[stay])
            if not any(low <= minute <= high for low, high in wanted[stay]):
                continue
            name, value = _value(fields, column)
        except BadValueError as fault:
            left_out(path, at, fault, remarks)
            continue
        if fields["error"] == "1":
            remarks.count("values that were charted as errors")
        else:
            found[stay].setdefault(minute, {})[name] = value
    return {
        stay: [Charted(at_min=minute, values=here) for minute, here in sorted(minutes.items())]
        for stay, minutes in found.items()
    }


def _value(fields: Fields, column: str) -> tuple[str, float]:
    value = number(fields, "valuenum")
    if column == FAHRENHEIT:
        return "Temp_C", round((value - 32) * 5 / 9, 2)
    return column, value


def _ages(path: Path | None, stays: Mapping[int, _Stay], remarks: Remarks) -> Mapping[int, int]:
    """Return ages at admission: by birth (MIMIC-III) or by the year of a known age (MIMIC-IV)."""
    if path is None:
        return {}
    people: dict[str, Fields] = {}
    told = ("dob", "anchor_age", "anchor_year")
    for _, fields in rows(path, remarks, ("subject_id",), told):
        people[fields["subject_id"]] = fields
    ages: dict[int, int] = {}
    for stay, about in stays.items():
        person = people.get(about.subject)
        if person is None:
            continue
        try:
            age_years = _age_years(person, about.in_ms)
        except BadValueError as fault:
            remarks.add("ages left out", f"{path}: {fault}; age left out")
            continue
        if 0 <= age_years <= AGE_MAX_YEARS:  # those above 89 are 300 or so in MIMIC-III
            ages[stay] = age_years
    return ages


def _age_years(person: Fields, in_ms: int) -> int:
    if person["dob"]:
        return int((in_ms - instant_ms(person, "dob")) / DAY_MS / DAYS_PER_YEAR)
    year = datetime.fromtimestamp(in_ms / 1000, UTC).year
    anchor = number(person, "anchor_year", 9999)
    return int(number(person, "anchor_age", 999) + year - anchor)
