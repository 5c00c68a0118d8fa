"""Print every rule book of a configuration as one page: docs/rulebooks.md.

The page is made from the files alone, so it cannot say anything else than they do; a test
compares the two.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
PAGE: Final = ROOT / "docs" / "rulebooks.md"

Raw = Mapping[str, Any]

HEAD: Final = """# Rule books

Made by `make books` from `config/rulebooks/`; do not edit. What the keys mean stands in
[configuration.md](configuration.md), where each source was read in `config/sources.toml`.

The active book decides. All others are judged beside it in one pass, are shown as agreement and
disagreement, and are never obeyed. Each is encoded as it is printed: the same reading is a
reaction in one and nothing in another, and `<` is not `<=`. A book says

| word | when |
|---|---|
| yes | one of its rows holds, or a score reaches its first urgent response |
| no | all of it was assessable and none of it holds |
| undefined | it leaves exactly this value open |
| not assessable | a value, baseline, age or parameter of a score that would decide is missing |
| not applicable | a part of it does not speak of persons of this age, and the rest says no |

A score whose parameters are not all known has a total of "at least" so much. Percentages are
compared exactly; values are rounded only where a book says so. A row with a duration counts from
the first reading for which it holds to the newest, over at least two readings. "Not encoded"
lists what a publication says and its table here does not, with the reason; what was only recalled
and never seen in a document is not encoded.
"""

TAIL: Final = """## Not here at all

| publication | why |
|---|---|
| An infusion reaction guide: fall above 20, systolic below 90 | its copy has no owner (quality C) |
| FDA toxicity grading scale 2007, table of vital signs | its numbers are recalled, not seen |
| Ring and Messmer 1977; centiles of Fleming 2011; national PEWS of England | recalled, not seen |
| ISBT definitions of overload and lung injury | they need imaging, fluid balance or blood gases |
| Brighton collaboration, Cook and NAP6 | their criteria have no limits for vital signs |
| Sampson severity, taxane form of Brown, Newfoundland, ASTCT | seen; not asked for so far |
"""

WORDS: Final = {
    "hr": ("HR", "/min"),
    "sbp": ("SBP", "mmHg"),
    "dbp": ("DBP", "mmHg"),
    "map": ("MAP", "mmHg"),
    "temp": ("T", "°C"),
    "spo2": ("SpO2", "%"),
    "rr": ("RR", "/min"),
    "mean_pressure": ("mean pressure", "mmHg"),
    "pulse_pressure": ("pulse pressure", "mmHg"),
    "hr_excess": ("HR beyond fever", "/min"),
    "oxygen": ("oxygen", ""),
    "consciousness": ("consciousness", ""),
}
ENDS: Final = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}


def page(config: Path) -> str:
    """Return the page of all rule books of a configuration."""
    active = _read(config / "site.toml")["site"]["rule_book"]
    books = [_read(path) for path in sorted((config / "rulebooks").glob("*.toml"))]
    books.sort(key=lambda book: (book["name"] != active, book.get("kind", "criteria")))
    parts = [
        HEAD,
        *("\n".join(_book(book, is_active=book["name"] == active)) for book in books),
        TAIL,
    ]
    return "\n".join(parts)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def _book(book: Raw, *, is_active: bool) -> Iterator[str]:
    yield f"## {book['name']}"
    yield ""
    whom = f", {ages}" if (ages := _ages(book)) else ""
    kind = "the active book" if is_active else book.get("kind", "criteria")
    yield f"{book['title']}. Version {book['version']}, {kind}{whom}."
    if "cannot_see" in book:
        yield f"Vital signs do not show: {book['cannot_see']}."
    if "round_to" in book:
        steps = ", ".join(f"{WORDS[name][0]} {step}" for name, step in book["round_to"].items())
        yield f"Values are rounded half up first: {steps}."
    if "unseen" in book:
        yield f"Never scored here: {', '.join(book['unseen'])}."
    if book.get("on_request"):
        yield "It is judged only where a clinician has asked for it."
    yield ""
    yield from _bands(book) if "band" in book else _rules(book)
    yield from _responses(book)
    if "left_out" in book:
        yield "Not encoded:"
        yield ""
        for row in book["left_out"]:
            yield f"- {row['what']}, because: {row['because']} ({_sources(row)})"
        yield ""


def _rules(book: Raw) -> Iterator[str]:
    yield "| row | holds when | gives | source | note |"
    yield "|---|---|---|---|---|"
    for row in book["rule"]:
        holds = " and ".join(_clause(clause) for clause in row["clauses"])
        lasting = next((key for key in row if key in ("lasting_s", "lasting_min", "lasting_h")), "")
        if lasting:
            unit = lasting.removeprefix("lasting_")
            holds += f", for {row.get('lasting_comparison', '>=')} {row[lasting]} {unit}"
        if ages := _ages(row):
            holds += f"; {ages}"
        if row.get("unless_baseline"):
            holds += "; only without a baseline"
        grade = f" grade {row['grade']}" if "grade" in row else ""
        gives = f"{row['sign']}: undefined" if row.get("undefined") else f"{row['sign']}{grade}"
        yield f"| `{row['id']}` | {holds} | {gives} | {_sources(row)} | {row.get('note', '')} |"
    yield ""


def _clause(clause: Raw) -> str:
    name, unit = WORDS[clause.get("quantity", clause["channel"])]
    comparison, value = clause["comparison"], str(clause["value"])
    if "per_year" in clause:
        value += f" + {clause['per_year']} x age"
    basis = clause["basis"]
    if basis == "ratio":
        return f"{name} / {WORDS[clause['over']][0]} {comparison} {value}"
    if basis == "baseline":
        return f"baseline {name} {comparison} {value} {unit}"
    if basis == "level":
        return f"{name} {comparison} {value} {unit}"
    unit = "%" if basis.endswith("_percent") else unit
    return f"{name} {basis.removesuffix('_percent')} {comparison} {value} {unit}"


def _bands(book: Raw) -> Iterator[str]:
    yield "| parameter | band | points | source | note |"
    yield "|---|---|---|---|---|"
    for row in book["band"]:
        name, unit = WORDS[row["of"]]
        band = " and ".join(f"{sign} {row[key]}" for key, sign in ENDS.items() if key in row)
        extras = [_ages(row)]
        if "on_oxygen" in row:
            extras.append("on oxygen" if row["on_oxygen"] else "on air")
        words = "; ".join([f"{band} {unit}".strip(), *filter(None, extras)])
        note = row.get("note", "")
        yield f"| {name} | {words} | {row['points']} | {_sources(row)} | {note} |"
    yield ""


def _responses(book: Raw) -> Iterator[str]:
    if "response" not in book:
        return
    yield "| from | response | urgent | source |"
    yield "|---|---|---|---|"
    for row in book["response"]:
        start = (
            f"total {row['least_points']}"
            if "least_points" in row
            else f"{row['least_single']} in one parameter"
        )
        urgent = "yes" if row["urgent"] else "no"
        yield f"| {start} | {row['words']} | {urgent} | {_sources(row)} |"
    yield ""


def _ages(row: Raw) -> str:
    start, end = row.get("age_from"), row.get("age_below")
    words = [f"from {start}" if start is not None else "", f"below {end}" if end else ""]
    return " ".join(["ages", *filter(None, words), "years"]) if any(words) else ""


def _sources(row: Raw) -> str:
    named = row["source"]
    return ", ".join(f"`{name}`" for name in ([named] if isinstance(named, str) else named))


if __name__ == "__main__":
    text = page(CONFIG)
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {len(text.splitlines())} lines\n")
