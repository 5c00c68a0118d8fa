"""Slow, obvious twin of the side books: reads their files and judges one bed like a person.

It knows nothing of records, forms or atoms: a row of a file is looked up word by word, numbers
are fractions, and rounding is done by the decimal module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from naive import Truth, every

from detectors.books import Says

Raw = Mapping[str, Any]
"""A table of a file."""

CHANNELS = ("hr", "sbp", "dbp", "map", "temp", "spo2", "rr")


@dataclass(frozen=True, kw_only=True)
class Person:
    """One bed; numbers in their units, None where not known."""

    now: Mapping[str, Fraction | None]
    base: Mapping[str, Fraction | None]
    age: Fraction | None = None
    oxygen: Fraction | None = None
    consciousness: Fraction | None = None
    lasted: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What a book says about one person, whole and in its parts."""

    says: Says
    grade: int
    points: int | None
    highest: int | None
    at_least: bool
    parts: Mapping[str, tuple[Says, int, int | None]]
    truths: Mapping[str, Truth]


def compare(found: Fraction | None, comparison: str, limit: object) -> Truth:
    """Return a comparison, unknown where there is nothing to compare."""
    if found is None:
        return None
    wanted = Fraction(str(limit))
    if comparison == ">":
        return found > wanted
    if comparison == ">=":
        return found >= wanted
    if comparison == "<":
        return found < wanted
    assert comparison == "<="
    return found <= wanted


def seen(book: Raw, person: Person, channel: str) -> Fraction | None:
    """Return a value as the book reads it: rounded half up where it says so."""
    value = person.now[channel]
    step = book.get("round_to", {}).get(channel)
    if value is None or step is None:
        return value
    size = Decimal(str(step))
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return Fraction((exact / size).quantize(Decimal(1), ROUND_HALF_UP) * size)


def quantity(name: str, values: Mapping[str, Fraction | None]) -> Fraction | None:
    """Return a channel or what follows from several."""
    if name == "mean_pressure":
        high, low = values["sbp"], values["dbp"]
        return None if high is None or low is None else low + (high - low) / 3
    return values[name]


def clause_truth(book: Raw, clause: Raw, person: Person) -> Truth:
    """Return whether one comparison of a rule holds."""
    now = {channel: seen(book, person, channel) for channel in CHANNELS}
    name = clause.get("quantity", clause["channel"])
    value, before = quantity(name, now), quantity(name, person.base)
    limit = Fraction(str(clause["value"]))
    if "per_year" in clause:
        if person.age is None:
            return None
        limit += Fraction(str(clause["per_year"])) * person.age
    basis = clause["basis"]
    found: Fraction | None = None
    if basis == "level":
        found = value
    elif basis == "baseline":
        found = before
    elif basis == "ratio":
        over = quantity(clause["over"], now)
        found = None if value is None or over is None else value / over
    elif value is not None and before is not None:
        found = before - value if basis.startswith("fall") else value - before
        if basis.endswith("percent"):
            found = 100 * found / before
    return compare(found, clause["comparison"], limit)


def age_truth(book: Raw, row: Raw, person: Person) -> Truth:
    """Return whether a row speaks of a person of this age."""
    truths = [
        compare(person.age, comparison, table[key])
        for table in (book, row)
        for key, comparison in (("age_from", ">="), ("age_below", "<"))
        if key in table
    ]
    return every(truths)


def rule_truth(book: Raw, row: Raw, person: Person) -> Truth:
    """Return whether a rule holds."""
    truths = [clause_truth(book, clause, person) for clause in row["clauses"]]
    truth = every([age_truth(book, row, person), *truths])
    needs_time = any(key.startswith("lasting_") and key != "lasting_comparison" for key in row)
    if truth and needs_time:
        return row["id"] in person.lasted
    return truth


def band_truth(book: Raw, row: Raw, person: Person) -> Truth:
    """Return whether a band of a score holds."""
    facts = {"oxygen": person.oxygen, "consciousness": person.consciousness}
    of = row["of"]
    found = facts[of] if of in facts else seen(book, person, of)
    ends = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
    truths = [compare(found, sign, row[key]) for key, sign in ends.items() if key in row]
    if "on_oxygen" in row:
        truths.append(compare(person.oxygen, ">" if row["on_oxygen"] else "<=", 0))
    return every([age_truth(book, row, person), *truths])


def opinion(book: Raw, person: Person) -> Opinion:
    """Return what a book says about one person."""
    return score(book, person) if book.get("kind") == "score" else criteria(book, person)


def criteria(book: Raw, person: Person) -> Opinion:
    """Return what a book of rules says about one person."""
    truths = {row["id"]: rule_truth(book, row, person) for row in book["rule"]}
    parts: dict[str, tuple[Says, int, int | None]] = {}
    for sign in dict.fromkeys(row["sign"] for row in book["rule"]):
        rows = [row for row in book["rule"] if row["sign"] == sign]
        held = [row for row in rows if truths[row["id"]] and not row.get("undefined")]
        gaps = [row for row in rows if truths[row["id"]] and row.get("undefined")]
        ages = [age_truth(book, row, person) for row in rows]
        grade = max((row.get("grade", 0) for row in held), default=0)
        if held:
            says = Says.YES
        elif gaps:
            says = Says.UNDEFINED
        elif all(age is False for age in ages):
            says = Says.NOT_APPLICABLE
        elif None in ages or any(truths[row["id"]] is None for row in rows):
            says = Says.NOT_ASSESSABLE
        else:
            says = Says.NO
        parts[sign] = (says, grade, None)
    worst = max(says for says, _, _ in parts.values())
    grade = max(grade for _, grade, _ in parts.values())
    return Opinion(
        says=worst,
        grade=grade,
        points=None,
        highest=None,
        at_least=False,
        parts=parts,
        truths=truths,
    )


def score(book: Raw, person: Person) -> Opinion:
    """Return what a score says about one person."""
    truths: dict[str, Truth] = {}
    parts: dict[str, tuple[Says, int, int | None]] = {}
    complete = not book.get("unseen")
    for of in dict.fromkeys(row["of"] for row in book["band"]):
        rows = [row for row in book["band"] if row["of"] == of]
        found = [band_truth(book, row, person) for row in rows]
        truths |= {f"{book['name']}.{of}.{n}": truth for n, truth in enumerate(found, start=1)}
        sure = [row["points"] for row, truth in zip(rows, found, strict=True) if truth]
        perhaps = [row["points"] for row, truth in zip(rows, found, strict=True) if truth is None]
        points = max(sure, default=None)
        speaks = any(age_truth(book, row, person) is not False for row in rows)
        decided = points is not None and max(perhaps, default=-1) <= points
        complete = complete and decided
        if points:
            says = Says.YES
        elif not speaks:
            says = Says.NOT_APPLICABLE
        elif points is None and not perhaps:
            says = Says.UNDEFINED
        elif not decided:
            says = Says.NOT_ASSESSABLE
        else:
            says = Says.NO
        parts[of] = (says, 0, points)
    all_says = [says for says, _, _ in parts.values()]
    known = [points for _, _, points in parts.values() if points is not None]
    if all(says == Says.NOT_APPLICABLE for says in all_says):
        return Opinion(
            says=Says.NOT_APPLICABLE,
            grade=0,
            points=None,
            highest=None,
            at_least=False,
            parts=parts,
            truths=truths,
        )
    total, highest = sum(known), max(known, default=None)
    if any(row["urgent"] for row in reached(book["response"], total, highest)):
        says = Says.YES
    elif Says.UNDEFINED in all_says:
        says = Says.UNDEFINED
    elif not complete:
        says = Says.NOT_ASSESSABLE
    else:
        says = Says.NO
    return Opinion(
        says=says,
        grade=0,
        points=total,
        highest=highest,
        at_least=not complete,
        parts=parts,
        truths=truths,
    )


def reached(responses: Sequence[Raw], total: int, highest: int | None) -> list[Raw]:
    """Return the responses that a score has reached."""
    found = []
    for row in responses:
        by_total = "least_points" in row and total >= row["least_points"]
        by_one = "least_single" in row and highest is not None and highest >= row["least_single"]
        if by_total or by_one:
            found.append(row)
    return found
