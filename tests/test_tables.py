"""Completeness of the tables: nothing unsourced, nothing unused, nothing without words."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from detectors.channels import CHANNEL_NAMES, Channel
from monitor.care.ladders import PATTERNS
from monitor.settings.settings import Settings, load_settings
from monitor.ward.ward_settings import AlertParams

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config"
TABLES = sorted(path for path in CONFIG.rglob("*.toml") if path.name != "sources.toml")

PARTS_WITHOUT_A_SOURCE = frozenset({"site.toml"})
"""What says where things are, not what is true."""


@cache
def settings() -> Settings:
    return load_settings(CONFIG)


@cache
def document(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def tables(value: object) -> Iterator[dict[str, object]]:
    """Yield every table of a document, the document itself first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from tables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tables(inner)


def sources_in(path: Path) -> Iterator[str]:
    for table in tables(document(path)):
        named = table.get("source", [])
        yield from [named] if isinstance(named, str) else named  # type: ignore[misc]  # list of texts


def rows(value: object) -> Iterator[dict[str, object]]:
    """Yield every row of every array of tables, and every parameter of a sheet."""
    for table in tables(value):
        for inner in table.values():
            if isinstance(inner, list):
                yield from (row for row in inner if isinstance(row, dict) and "basis" not in row)
            elif isinstance(inner, dict) and "value" in inner:
                yield inner


def test_every_source_is_used_and_every_used_source_is_listed() -> None:
    used = {name for path in TABLES for name in sources_in(path)}
    listed = set(settings().sources)
    assert used - listed == set()
    assert listed - used == set()


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_has_a_source(path: Path) -> None:
    found = list(rows(document(path)))
    if path.name in PARTS_WITHOUT_A_SOURCE:
        assert not found
        return
    assert found
    for row in found:
        assert row.get("source"), row


def test_no_row_rests_on_the_weakest_sources_alone() -> None:
    quality = {key: source.quality for key, source in settings().sources.items()}
    for path in TABLES:
        for table in tables(document(path)):
            named = table.get("source")
            if isinstance(named, list):
                assert {quality[name] for name in named} != {"C"}, table


def test_sources_are_told_apart() -> None:
    citations = Counter(source.citation for source in settings().sources.values())
    assert [text for text, count in citations.items() if count > 1] == []


def test_every_channel_has_limits_and_a_use() -> None:
    detection = settings().ward.detection
    assert len(detection.valid_ms) == len(Channel)
    judged = {clause.channel for rule in detection.book.rules for clause in rule.clauses}
    # The mean pressure is checked against the other two and shown, but graded by no rule yet.
    assert set(Channel) - judged <= {Channel.MAP}


def test_every_pattern_row_names_a_picture_with_a_ladder() -> None:
    named = {row.name for row in settings().ward.detection.patterns}
    assert named <= set(PATTERNS)
    # "unclear" is what is left when no row matches.
    assert set(PATTERNS) - named == {"unclear"}


def test_every_symptom_belongs_to_a_sign_that_some_pattern_knows() -> None:
    ward = settings().ward
    known = {
        sign
        for row in ward.detection.patterns
        for pairs in (row.every, row.some, row.none)
        for sign, _ in pairs
    }
    assert {row.sign for row in ward.symptoms} <= known


def test_every_alert_parameter_does_something() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "monitor").rglob("*.py")
        if path.name != "ward_settings.py"
    )
    idle = {field.name for field in fields(AlertParams) if f".{field.name}" not in code}
    # Silence is judged by channel; the device as a whole is not judged yet.
    assert idle <= {"device_silent_after_ms"}


def test_every_dose_is_on_some_ladder() -> None:
    listed = {str(row["key"]) for row in rows(document(CONFIG / "doses.toml"))}
    used = {
        step.dose.key
        for ladder in settings().ward.ladders
        for step in ladder.steps
        if step.dose is not None
    }
    assert used == listed


def test_steps_of_the_same_key_say_the_same_kind_of_thing() -> None:
    kinds: dict[str, set[str]] = {}
    for ladder in settings().ward.ladders:
        for step in ladder.steps:
            kinds.setdefault(step.key, set()).add(step.kind)
    assert {key for key, found in kinds.items() if len(found) > 1} == set()


def test_every_file_and_key_is_described() -> None:
    words = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for path in (*TABLES, CONFIG / "sources.toml"):
        name = path.relative_to(CONFIG)
        shown = name.as_posix() if len(name.parts) == 1 else f"{name.parts[0]}/"
        assert f"`{shown}`" in words, shown
    # Keys that name a sign, a channel or a picture are what other tables list.
    names = {*settings().ward.detection.signs, *CHANNEL_NAMES, *PATTERNS}
    for path in TABLES:
        for table in tables(document(path)):
            for key in table:
                assert key in names or f"`{key}`" in words, f"{path.name}: {key}"
