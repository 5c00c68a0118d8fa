"""Every shipped rule book decides as it is printed: golden tables, every limit, every page."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
import pytest
from book_people import Bed, bed, book_named, opinion_of, raw_books, side_table, verdicts
from builders import CONFIG, GOLDEN, clause
from naive import Truth
from naive_books import Raw, band_truth, rule_truth

from detectors.book_table import book_table
from detectors.books import Book, BookRow, Says
from detectors.books import Truth as Code
from detectors.channels import CHANNEL_NAMES, MISSING
from scripts.rulebook_page import PAGE, page

G20: Final = "fall-20-or-90"
NAMES: Final = sorted(raw_books())
WORDS: Final = {Code.TRUE: True, Code.FALSE: False, Code.WAITING: False, Code.UNKNOWN: None}


@cache
def golden(name: str) -> dict[str, Any]:
    text = (GOLDEN / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


PRESSURES: Final = golden("rulebook_pressures")["vector"]
FEVERS: Final = golden("rulebook_fevers")["vector"]


def says(one: Bed, name: str, sign: str) -> Says:
    return Says(opinion_of(one, name).parts[sign][0])


def grade(one: Bed, name: str, sign: str) -> int:
    return int(opinion_of(one, name).parts[sign][1])


def guide_without_an_owner() -> Book:
    """Return the one definition of the golden table that is no book of ours: its source is weak."""
    limits = (clause("sbp", "fall", ">", 20), clause("sbp", "level", "<", 90))
    rows = tuple(
        BookRow(id=str(n), sign="hypotension", clauses=(one,), source=())
        for n, one in enumerate(limits)
    )
    return Book(name=G20, version=1, title="", kind="criteria", rows=rows)


@pytest.mark.parametrize("one", PRESSURES, ids=lambda one: str(one["number"]))
def test_low_pressure_by_six_definitions(one: dict[str, Any]) -> None:
    person = bed(one["now"], one["base"], oxygen=0, consciousness=0)
    names = ["wao-2020", "brown-2004", "nhsn-isbt", "ash-iron-2023"]
    met = [name for name in names if says(person, name, "hypotension") == Says.YES]
    guide = book_table([guide_without_an_owner()])
    met += [G20] if opinion_of(person, G20, guide).says == Says.YES else []
    name = "mertes-perioperative"
    met += [name] if says(person, name, "hypotension") == Says.YES else []
    assert met == one["meets"]


@pytest.mark.parametrize("one", PRESSURES, ids=lambda one: str(one["number"]))
def test_news2_of_the_same_readings(one: dict[str, Any]) -> None:
    got = opinion_of(bed(one["now"], one["base"], oxygen=0, consciousness=0), "news2")
    assert {"total": got.points, "highest": got.highest} == one["news2"]
    assert not got.at_least


@pytest.mark.parametrize("one", PRESSURES, ids=lambda one: str(one["number"]))
def test_indices_of_the_same_readings(one: dict[str, Any]) -> None:
    now, base = one["now"], one["base"]
    assert base["sbp"] - now["sbp"] == one["fall"]
    assert round(Decimal(100 * one["fall"]) / base["sbp"], 1) == one["percent"]
    assert round(Decimal(now["hr"]) / now["sbp"], 2) == one["index"]
    mean = Fraction(now["sbp"] + 2 * now["dbp"], 3)
    assert round(Decimal(mean.numerator) / mean.denominator, 1) == one["mean"]
    person = bed(now, base)
    beyond = Fraction(now["hr"], now["sbp"]) > 1
    assert (says(person, "shock-index", "shock-index") == Says.YES) is beyond
    beyond = now["hr"] / mean >= Fraction(13, 10)
    assert (says(person, "shock-index", "modified-shock-index") == Says.YES) is beyond


@pytest.mark.parametrize("one", FEVERS, ids=lambda one: f"{one['base']}-{one['now']}")
def test_fever_by_seven_definitions(one: dict[str, Any]) -> None:
    person = bed({"temp": one["now"]}, {"temp": one["base"]})
    assert one["now"] - one["base"] == one["rise"]
    assert grade(person, "ctcae-v5", "fever") == one["ctcae"]
    assert grade(person, "ctcae-v6", "fever") == one["ctcae"]
    for name in ("nhsn-isbt", "nba-au"):
        assert (says(person, name, "fever") == Says.YES) is one[name]
    for name in ("shot-2012", "trip-nl"):
        assert grade(person, name, "fever") == one[name]
    undefined = says(person, "nzbs", "fever") == Says.UNDEFINED
    assert ("undefined" if undefined else grade(person, "nzbs", "fever")) == one["nzbs"]
    assert opinion_of(person, "news2").parts["temp"][2] == one["news2"]


def parameter_points(name: str, of: str, value: Decimal, **facts: Decimal | int) -> int | None:
    """Return the points of one parameter when nothing else is known."""
    if of in CHANNEL_NAMES:
        return opinion_of(bed({of: value}, None, **facts), name).parts[of][2]
    return opinion_of(bed({}, None, **{**facts, of: value}), name).parts[of][2]


def bands(table: Mapping[str, Any]) -> list[tuple[str, Decimal, int]]:
    return [
        (of, Decimal(str(value)), points)
        for of, pairs in table.items()
        if of != "ages"
        for value, points in pairs
    ]


@pytest.mark.parametrize(("of", "value", "points"), bands(golden("score_news2")["scale-1"]))
def test_news2_as_printed(of: str, value: Decimal, points: int) -> None:
    assert parameter_points("news2", of, value) == points
    if of != "spo2":
        assert parameter_points("news2-scale-2", of, value) == points


@pytest.mark.parametrize(("oxygen", "value", "points"), bands(golden("score_news2")["scale-2"]))
def test_saturation_on_the_second_scale_as_printed(
    oxygen: str, value: Decimal, points: int
) -> None:
    on = int(oxygen == "oxygen")
    assert parameter_points("news2-scale-2", "spo2", value, oxygen=on) == points


def test_the_second_scale_does_not_guess_whether_there_is_oxygen() -> None:
    got = opinion_of(bed({"spo2": 95}), "news2-scale-2")
    assert got.parts["spo2"] == (Says.NOT_ASSESSABLE, 0, None)
    assert opinion_of(bed({"spo2": 88}), "news2-scale-2").parts["spo2"] == (Says.NO, 0, 0)


@pytest.mark.parametrize(("of", "value", "points"), bands(golden("score_mews")["bands"]))
def test_mews_as_printed(of: str, value: Decimal, points: int) -> None:
    assert parameter_points("mews-subbe", of, value) == points


def test_mews_does_not_know_new_confusion() -> None:
    got = opinion_of(bed({}, consciousness="0.5"), "mews-subbe")
    assert got.parts["consciousness"] == (Says.UNDEFINED, 0, None)


@pytest.mark.parametrize("one", golden("score_pews")["age"], ids=lambda one: str(one["ages"][0]))
def test_pews_as_printed(one: dict[str, Any]) -> None:
    for of, value, points in bands(one):
        for age in one["ages"]:
            assert parameter_points("bedside-pews", of, value, age=age) == points, (of, value)


def test_pews_covers_every_age_once() -> None:
    ages = [age for one in golden("score_pews")["age"] for age in one["ages"]]
    assert ages == sorted(ages)
    assert all(
        100 * (after - before) == 1 for before, after in zip(ages[1::2], ages[2::2], strict=False)
    )


# ------------------------------------------------------------- every limit of every file


def hundredths(number: object) -> int:
    return int(Decimal(str(number)) * 100)


def near(limit: int, step: int) -> list[int]:
    """Return what lies at a limit, and where rounding decides."""
    half = step // 2
    return sorted({limit + at for at in (-half - 1, -half, -1, 0, 1, half - 1, half)})


def known_bed(**changed: int) -> dict[str, int]:
    """Return the parts of an unremarkable bed by name, some of them changed."""
    usual = {"hr": 7_200, "sbp": 12_000, "dbp": 7_500, "map": 9_000}
    usual |= {"temp": 3_670, "spo2": 9_800, "rr": 1_400}
    usual |= {f"{name}0": value for name, value in usual.items()}
    return usual | {"age": 4_000, "oxygen": 0, "consciousness": 0} | changed


def as_bed(parts: Mapping[str, int]) -> Bed:
    return Bed(
        now=[parts[name] for name in CHANNEL_NAMES],
        base=[parts[f"{name}0"] for name in CHANNEL_NAMES],
        age=parts["age"],
        oxygen=parts["oxygen"],
        consciousness=parts["consciousness"],
    )


def age_limits(book: Raw, row: Raw) -> tuple[int, int]:
    """Return from which age a row speaks, and below which."""
    return (
        max(hundredths(one.get("age_from", 0)) for one in (book, row)),
        min(hundredths(one.get("age_below", 100)) for one in (book, row)),
    )


def clause_beds(book: Raw, one: Raw, age: int) -> list[dict[str, int]]:
    """Return what is special about beds at the limit of one clause."""
    channel, basis, limit = one["channel"], one["basis"], hundredths(one["value"])
    step = hundredths(book.get("round_to", {}).get(channel, "0.01"))
    if basis == "baseline":
        return [{f"{channel}0": at} for at in near(limit, 1)]
    if basis == "ratio":
        return [{"sbp": 10_000, "dbp": 10_000, channel: at} for at in near(100 * limit, 1)]
    if basis == "level":
        level = limit + hundredths(one.get("per_year", 0)) * age // 100
        return [{channel: at} for at in near(level, step)]
    found = []
    for base in (1_000, 3_500, 3_650, 3_800, 7_000, 8_000, 10_000, 12_000, 15_000, 20_000):
        change = {"rise": limit, "fall": -limit, "fall_percent": -base * limit // 10_000}
        if "quantity" in one:
            # Both pressures were equal, so the mean rises by a third of what the upper one does.
            equal = {"sbp0": base, "dbp0": base, "dbp": base}
            found += [{**equal, channel: at} for at in near(base + 3 * limit, 1)]
        else:
            found += [{f"{channel}0": base, channel: at} for at in near(base + change[basis], 1)]
    return found


def rule_beds(book: Raw, row: Raw) -> list[dict[str, int]]:
    """Return beds at every limit of a rule."""
    age = (sum(age_limits(book, row))) // 2
    parts = [clause_beds(book, one, age) for one in row["clauses"]]
    both = [[{**b, **a, "age": age} for a in some for b in other]
            for some in parts for other in parts]  # fmt: skip
    return [known_bed(**one) for some in both for one in some]


def band_beds(book: Raw, row: Raw) -> list[dict[str, int]]:
    """Return beds at both ends of a band."""
    of, oxygen = row["of"], 100 * row.get("on_oxygen", False)
    step = hundredths(book["round_to"].get(of, "0.01"))
    ends = [hundredths(row[key]) for key in ("at_least", "above", "at_most", "below") if key in row]
    age = sum(age_limits(book, row)) // 2
    return [
        known_bed(**{"age": age, "oxygen": oxygen, of: value})
        for end in ends
        for value in near(end, step)
    ]


def rows_of(book: Raw) -> Iterator[tuple[str, Raw, list[dict[str, int]]]]:
    """Yield every row of a file with its id and the beds at its limits."""
    for row in book.get("rule", ()):
        yield row["id"], row, rule_beds(book, row)
    counts: dict[str, int] = {}
    for row in book.get("band", ()):
        counts[row["of"]] = counts.get(row["of"], 0) + 1
        yield f"{book['name']}.{row['of']}.{counts[row['of']]}", row, band_beds(book, row)


def both_truths(
    name: str, key: str, row: Raw, parts: list[dict[str, int]]
) -> tuple[list[Truth], list[Truth]]:
    """Return what the books and what their file say about one row, for some beds."""
    table, beds = side_table(name), [as_bed(one) for one in parts]
    so_long = np.ones((len(beds), len(table.lasting)), np.bool_)
    index = [one.id for one in table.rows].index(key)
    codes = verdicts(beds, table, so_long).truth[:, index].tolist()
    book, judge = raw_books()[name], rule_truth if "clauses" in row else band_truth
    long = frozenset(table.rows[at].id for at in table.lasting)
    return [WORDS[code] for code in codes], [judge(book, row, one.person(long)) for one in beds]


def decided_by_a_hundredth(parts: list[dict[str, int]], truths: list[Truth]) -> bool:
    known = {tuple(one.values()): truth for one, truth in zip(parts, truths, strict=True)}
    beside = (
        ((*one[:at], one[at] + 1, *one[at + 1 :]), truth)
        for one, truth in known.items()
        for at in range(len(one))
    )
    return any(known.get(other, truth) != truth for other, truth in beside)


@pytest.mark.parametrize("name", NAMES)
def test_at_every_limit_every_row_decides_as_its_file_says(name: str) -> None:
    for key, row, parts in rows_of(raw_books()[name]):
        got, expected = both_truths(name, key, row, parts)
        assert got == expected, key
        if not (
            row.get("undefined") and len(row["clauses"]) == 1 and row["clauses"][0]["value"] == 0
        ):
            assert decided_by_a_hundredth(parts, got), f"no reading lies at the limit of {key}"


@pytest.mark.parametrize("name", NAMES)
def test_at_every_age_limit_every_row_speaks_as_its_file_says(name: str) -> None:
    for key, row, parts in rows_of(raw_books()[name]):
        limits = [one for one in age_limits(raw_books()[name], row) if one not in (0, 10_000)]
        truths = both_truths(name, key, row, parts)[0]
        held = parts[truths.index(True)]
        aged = [{**held, "age": limit + step} for limit in limits for step in (-1, 0, 1)]
        got, expected = both_truths(name, key, row, [*aged, {**held, "age": MISSING}])
        assert got == expected, key
        assert got[-1] is (None if limits else True), key
        per_year = any("per_year" in one for one in row.get("clauses", ()))
        assert not limits or per_year or decided_by_a_hundredth(aged, got[:-1]), key


@pytest.mark.parametrize("name", NAMES)
def test_the_book_of_the_ward_has_the_rows_of_its_file(name: str) -> None:
    raw, book = raw_books()[name], book_named(name)
    assert (book.name, book.title, book.kind) == (name, raw["title"], raw.get("kind", "criteria"))
    assert [row.id for row in book.rows] == [key for key, _, _ in rows_of(raw)]
    assert [row.points for row in book.rows] == [row.get("points", 0) for _, row, _ in rows_of(raw)]
    assert [row.grade for row in book.rows] == [row.get("grade", 0) for _, row, _ in rows_of(raw)]
    assert all(row.source for row in book.rows)
    assert book.cannot_see


def test_the_page_says_what_the_files_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CONFIG), "run: make books"


def test_the_page_has_every_row_and_every_gap() -> None:
    words = PAGE.read_text(encoding="utf-8")
    for name, book in raw_books().items():
        assert f"## {name}\n" in words
        assert all(f"| `{row['id']}` |" in words for row in book.get("rule", ()))
        assert all(row["what"] in words for row in book.get("left_out", ()))
