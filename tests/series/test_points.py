"""Points and their lines: what a row of the journal becomes, and that a line says just that."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_builders import anaphylactic, pump, vitals

from monitor.facts.records import RawMessage
from monitor.series.points import (
    Field,
    derived,
    effect_points,
    inbox_point,
    line_of,
    lines_of,
    numbered_ns,
    point,
    record_points,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES: st.SearchStrategy[Field] = TEXTS | st.floats(-1e6, 1e6)
_SEPARATOR = r"(?<!\\)"


def parsed(line: str) -> tuple[str, dict[str, str], dict[str, Field], int]:
    """Read a line as the database's documents describe it, slowly."""
    head, rest = re.split(_SEPARATOR + " ", line, maxsplit=1)
    fields, t_ns = rest.rsplit(" ", 1)
    measurement, *tags = re.split(_SEPARATOR + ",", head)
    tag_pairs = [re.split(_SEPARATOR + "=", tag) for tag in tags]
    return (
        measurement,
        {_plain(name): _plain(text) for name, text in tag_pairs},
        {name: _typed(value) for name, value in _fields(fields)},
        int(t_ns),
    )


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _fields(text: str) -> list[tuple[str, str]]:
    found = re.findall(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^,]+)(?:,|$)', text)
    return [(name, value) for name, value in found]


def _typed(value: str) -> Field:
    if value.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return float(value)


@given(st.dictionaries(st.sampled_from(["bed", "unit"]), TEXTS), TEXTS, VALUES)
def test_a_line_says_what_the_point_says(tags: dict[str, str], text: str, value: Field) -> None:
    one = point("vitals", 12, tags, {"hr": value, "note": text})
    line = line_of(one)
    assert "\n" not in line
    measurement, has, fields, t_ns = parsed(line)
    assert (measurement, t_ns) == ("vitals", 12)
    assert has.keys() == {name for name, words in tags.items() if words}
    assert all(has[name] == tags[name] for name in has if re.fullmatch("[ -Z]+", tags[name]))
    if text.isprintable():
        assert fields["note"] == text
    if isinstance(value, float):
        assert fields["hr"] == value


def test_numbers_are_floats_also_where_they_are_whole() -> None:
    assert line_of(point("vitals", 1, {}, {"hr": 80.0})) == "vitals hr=80.0 1"


def test_a_point_without_a_field_is_not_sent() -> None:
    assert lines_of([point("vitals", 1, {"bed": "7"}, {"hr": None})]) == []


def test_rows_of_one_millisecond_have_times_of_their_own() -> None:
    assert numbered_ns(5, 1) != numbered_ns(5, 2)
    assert numbered_ns(5, 999_999) < numbered_ns(6, 1_000_000)


def test_vitals_are_points_at_the_time_of_measurement_with_what_follows_from_them() -> None:
    record = vitals(60, hr=120, sbp=80, dbp=50, map=60)
    found = {one.measurement: one for one in record_points(record)}
    assert dict(found["vitals"].fields)["sbp"] == 80.0
    assert found["vitals"].t_ns == record.values[0].measured_ms * 1_000_000
    assert dict(found["derived"].fields) == {
        "pulse_pressure": 30.0,
        "shock_index": 1.5,
        "modified_shock_index": 2.0,
    }


@pytest.mark.parametrize("fields", [{}, {"hr": 80.0}, {"hr": 80.0, "sbp": 0.0}, {"sbp": 100.0}])
def test_nothing_follows_from_values_that_are_not_there(fields: dict[str, float]) -> None:
    assert derived(fields) == {}


def test_a_pump_is_points_too_and_says_only_what_it_sent() -> None:
    (found,) = record_points(pump(60, "infusing", rate=120))
    assert dict(found.fields)["rate_ml_per_h"] == 120.0
    assert "left_ml" not in dict(found.fields)


def test_alerts_grades_and_sessions_of_a_reaction_are_points() -> None:
    play = anaphylactic()
    rows = enumerate(play.told, start=1)
    found = [one for n, effect in rows for one in effect_points("demo", n, effect)]
    assert {"alerts", "grades", "sessions", "advice"} <= {one.measurement for one in found}
    assert all(one.fields for one in found)
    assert len({(one.measurement, one.tags, one.t_ns) for one in found}) == len(found)


@given(st.binary(max_size=60))
def test_any_payload_is_kept_to_the_byte_and_in_one_line(payload: bytes) -> None:
    raw = RawMessage(received_ms=1, topic="irm/v1/u/1/m/vitals", payload=payload)
    one = inbox_point("u", 1, 1, raw)
    assert "\n" not in line_of(one)
    assert dict(one.fields).keys() & {"payload", "payload_b64"}
