"""What clues say: as strong as the twin finds, and never a grade."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arrays import Draw, pick
from builders import T0_MS, clause, pattern, shipped
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plain_pictures import Facts, PlainMemory, PlainPictures, with_newest
from detectors.active_book import valid_values
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel
from detectors.clue_table import ClueTable
from detectors.clues import Clue, Slope
from detectors.confirmation import GRADES
from detectors.context import N_FLAGS, ContextFlag
from detectors.detection import Detection
from detectors.memory import SignMemory
from detectors.parameters import DetectionParams
from detectors.patterns import NO_PATTERN

MINUTE_MS = 60_000
LEVELS = {
    Channel.HR: (4_000, 7_000, 9_500, 13_000),
    Channel.SBP: (7_000, 9_900, 12_000, 17_000),
    Channel.DBP: (4_000, 6_500, 7_500, 9_900),
    Channel.MAP: (6_000, 9_000),
    Channel.TEMP: (3_640, 3_700, 3_850, 3_990),
    Channel.SPO2: (8_500, 9_100, 9_800),
    Channel.RR: (1_200, 1_600, 2_600),
}


def drawn_detection(draw: Draw, params: DetectionParams, n: int) -> Detection:
    """Return beds in any state, reachable or not."""
    made = Detection(params, n)
    n_signs = len(params.signs)
    ages = (NEVER, 0, 1, 90_000, 599_999, 600_000, 3_600_000)

    def times(*shape: int) -> Any:  # noqa: ANN401 - an array
        age = pick(draw, np.int64, shape, *ages)
        return np.where(age == NEVER, NEVER, T0_MS - age)

    made.at_ms[:] = T0_MS
    made.memory.put(
        np.arange(n, dtype=np.int32),
        SignMemory(
            last_ms=times(n, n_signs, GRADES),
            begun_ms=times(n, n_signs),
            present=pick(draw, np.bool_, (n, n_signs), 0, 1),
        ),
    )
    # What was there has begun at some time.
    unbegun = (made.memory.last_ms[..., 0] != NEVER) & (made.memory.begun_ms == NEVER)
    made.memory.begun_ms[unbegun] = T0_MS - MINUTE_MS
    made.rate_step_ms[:], made.rate_cut_ms[:] = times(n), times(n)
    made.context[:] = pick(draw, np.bool_, (n, N_FLAGS), 0, 1)
    for channel, levels in LEVELS.items():
        made.value_centi[:, channel] = pick(draw, np.int32, (n,), MISSING, *levels)
        made.baseline_centi[:, channel] = pick(draw, np.int32, (n,), MISSING, *levels)
    known = made.value_centi != MISSING
    made.measured_ms[known] = T0_MS
    for minute in range(12, 0, -2):
        value = np.stack([pick(draw, np.int32, (n,), MISSING, *LEVELS[c]) for c in Channel], axis=1)
        made.history.take(
            np.zeros(N_CHANNELS, np.int64),
            np.arange(n, dtype=np.int32),
            value,
            np.full((n, N_CHANNELS), T0_MS - minute * MINUTE_MS, np.int64),
            value != MISSING,
        )
    return made


def known(value: int, nothing: int) -> int | None:
    return None if value == nothing else value


def plain_memory(made: Detection, bed: int) -> PlainMemory:
    memory = PlainMemory(len(made.params.signs))
    memory.last_ms = [
        [known(one, NEVER) for one in grades] for grades in made.memory.last_ms[bed].tolist()
    ]
    memory.begun_ms = [known(one, NEVER) for one in made.memory.begun_ms[bed].tolist()]
    memory.present = made.memory.present[bed].tolist()
    return memory


def plain_facts(made: Detection, bed: int, grades: list[int]) -> Facts:
    row = np.array([bed], np.int32)
    recent = made.history.rows(row)
    kept = [
        [
            (int(at_ms), int(value))
            for value, at_ms in zip(recent.value_centi[0, c], recent.measured_ms[0, c], strict=True)
            if value != MISSING
        ]
        for c in range(N_CHANNELS)
    ]
    valid = valid_values(made.params, made, row)[0].tolist()
    newest = [known(one, MISSING) for one in made.value_centi[bed].tolist()]
    return Facts(
        grades=grades,
        since_ms=[known(one, NEVER) for one in made.track.since_ms[bed, :, 0].tolist()],
        at_ms=int(made.at_ms[bed]),
        step_ms=known(int(made.rate_step_ms[bed]), NEVER),
        cut_ms=known(int(made.rate_cut_ms[bed]), NEVER),
        flags=made.context[bed].tolist(),
        value=[known(one, MISSING) for one in valid],
        base=[known(one, MISSING) for one in made.baseline_centi[bed].tolist()],
        age_centi=None,
        recent=[
            with_newest(kept[c], newest[c], int(made.measured_ms[bed, c]))
            for c in range(N_CHANNELS)
        ],
    )


@given(data=st.data())
def test_the_shipped_clues_are_as_strong_as_the_twin_finds(data: st.DataObject) -> None:
    params = shipped()
    n = data.draw(st.integers(1, 3))
    made = drawn_detection(data.draw, params, n)
    bed = np.arange(n, dtype=np.int32)
    table = made.evidence.clues
    found = table.strengths(made, bed, valid_values(params, made, bed), params.memory_ms)
    weights = table.weights(found.percent)
    twin = PlainPictures(params)
    nothing = [0] * len(params.signs)
    for row in range(n):
        memory, facts = plain_memory(made, row), plain_facts(made, row, nothing)
        pairs = [twin.percent(memory, facts, clue) for clue in params.clues]
        assert found.percent[row].tolist() == [percent for percent, _ in pairs]
        assert found.unknown[row].tolist() == [unknown for _, unknown in pairs]
        assert weights[row].tolist() == [
            twin.weight(memory, facts, name) for name in made.evidence.table.names
        ]


@given(data=st.data())
def test_the_leading_picture_and_its_floor_are_those_of_the_twin(data: st.DataObject) -> None:
    params = shipped()
    n = data.draw(st.integers(1, 3))
    made = drawn_detection(data.draw, params, n)
    made.pattern[:] = pick(data.draw, np.int32, (n,), NO_PATTERN, 0, 3, 7)
    bed = np.arange(n, dtype=np.int32)
    grade = pick(data.draw, np.int8, (n, len(params.signs)), 0, 0, 0, 1, 2, 3)
    twin = PlainPictures(params)
    expected = [
        twin.look(
            plain_memory(made, row),
            plain_facts(made, row, grade[row].tolist()),
            int(made.pattern[row]),
        )
        for row in range(n)
    ]
    got = made.evidence.pictures(made, bed, grade)
    assert list(zip(got.leading.tolist(), got.floor.tolist(), strict=True)) == expected


def with_clue(given_clue: Clue) -> DetectionParams:
    """Return the shipped parameters with two pictures of one sign and one clue between them."""
    rows = tuple(
        pattern(name, every=(("hypotension", 1),), floor=1) for name in ("hypotensive", "artefact")
    )
    return replace(shipped(), patterns=rows, clues=(given_clue,), inertia_centi=0)


def a_clue(**conditions: Any) -> Clue:  # noqa: ANN401 - fields differ
    return Clue(
        id="it", words="it", kind="pressure", points=(("artefact", 10),), source=(), **conditions
    )


def named(params: DetectionParams, made: Detection) -> str:
    """Return what a bed with low pressure is called."""
    grade = np.zeros((1, len(params.signs)), np.int8)
    grade[0, params.signs.index("hypotension")] = 1
    row = int(made.evidence.pictures(made, np.zeros(1, np.int32), grade).leading[0])
    return params.patterns[row].name


def bed_with(params: DetectionParams) -> Detection:
    made = Detection(params, 1)
    made.at_ms[0] = T0_MS
    return made


def test_a_flag_speaks_only_where_it_is_set() -> None:
    params = with_clue(a_clue(flags=(ContextFlag.BETA_BLOCKER,)))
    made = bed_with(params)
    assert named(params, made) == "hypotensive"
    made.context[0, ContextFlag.BETA_BLOCKER] = True
    assert named(params, made) == "artefact"


def test_a_clue_is_silent_where_its_exception_holds() -> None:
    params = with_clue(a_clue(signs=(("hypotension", 1),), unless=(ContextFlag.BETA_BLOCKER,)))
    made = bed_with(params)
    assert named(params, made) == "artefact"
    made.context[0, ContextFlag.BETA_BLOCKER] = True
    assert named(params, made) == "hypotensive"


@pytest.mark.parametrize(
    ("minutes", "name"), [(None, "hypotensive"), (0, "artefact"), (15, "artefact")]
)
def test_a_rate_step_speaks_for_its_time(minutes: int | None, name: str) -> None:
    params = with_clue(a_clue(after_step_ms=15 * MINUTE_MS))
    made = bed_with(params)
    if minutes is not None:
        made.rate_step_ms[0] = T0_MS - minutes * MINUTE_MS
    assert named(params, made) == name


def test_a_rate_step_of_long_ago_says_nothing() -> None:
    params = with_clue(a_clue(after_step_ms=15 * MINUTE_MS))
    made = bed_with(params)
    made.rate_step_ms[0] = T0_MS - 15 * MINUTE_MS - 1
    assert named(params, made) == "hypotensive"


def test_a_slope_needs_readings() -> None:
    slope = Slope(
        channel=Channel.SBP, centi_per_min=-300, within_ms=10 * MINUTE_MS, least_readings=3
    )
    params = with_clue(a_clue(slope=slope))
    made = bed_with(params)
    for minute, value in ((8, 12_000), (4, 10_800), (0, 9_600)):
        assert named(params, made) == "hypotensive"
        reading = np.full((1, N_CHANNELS), MISSING, np.int32)
        reading[0, Channel.SBP] = value
        at_ms = np.full((1, N_CHANNELS), T0_MS - minute * MINUTE_MS, np.int64)
        made.history.take(
            np.zeros(N_CHANNELS, np.int64), np.zeros(1, np.int32), reading, at_ms,
            reading != MISSING,
        )  # fmt: skip
    assert named(params, made) == "artefact"


@pytest.mark.parametrize(
    ("first_ms", "then_ms", "name"),
    [
        (T0_MS - 1, T0_MS, "artefact"),
        (T0_MS, T0_MS, "hypotensive"),
        (T0_MS, T0_MS - 1, "hypotensive"),
        (NEVER, T0_MS, "hypotensive"),
        (T0_MS, NEVER, "hypotensive"),
        (NEVER, NEVER, "hypotensive"),
    ],
)
def test_a_sign_came_first_only_if_it_has_a_beginning(
    first_ms: int, then_ms: int, name: str
) -> None:
    params = with_clue(a_clue(first="skin", then="hypotension"))
    made = bed_with(params)
    for sign, begun_ms in (("skin", first_ms), ("hypotension", then_ms)):
        place = params.signs.index(sign)
        made.memory.last_ms[0, place, 0] = T0_MS
        made.memory.begun_ms[0, place] = begun_ms
        made.memory.present[0, place] = True
    assert named(params, made) == name


def test_what_cannot_be_compared_is_named_and_gives_nothing() -> None:
    params = with_clue(a_clue(clauses=(clause("dbp", "fall", ">=", 10),)))
    made = bed_with(params)
    assert named(params, made) == "hypotensive"
    grade = np.zeros((1, len(params.signs)), np.int8)
    grade[0, params.signs.index("hypotension")] = 1
    made.pattern[0] = 0
    supports = made.evidence.supports(made, 0, grade)
    assert [(one.pattern, one.leads) for one in supports] == [
        ("hypotensive", True),
        ("artefact", False),
    ]
    assert [clue.id for clue in supports[1].unknown] == ["it"]


def test_a_clue_about_an_unknown_pattern_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="clue 'it' names 'artefact'; known: febrile"):
        ClueTable((a_clue(),), ("low",), ("febrile",), np.ones(1, np.bool_))


def asked(unseen: frozenset[str], floor: int = 0, **grades: int) -> dict[str, str]:
    """Return the signs that would decide at a bed with these signs, with what they would mean."""
    params = shipped()
    made = bed_with(params)
    made.floor[0] = floor
    grade = np.array([[grades.get(sign, 0) for sign in params.signs]], np.int8)
    made.evidence.pictures(made, np.zeros(1, np.int32), grade)
    questions = made.evidence.questions(made, 0, grade, unseen)
    return {one.sign: one.pattern for one in questions}


EVERY_SIGN = frozenset(shipped().signs)


def test_low_pressure_asks_for_skin_and_airway() -> None:
    found = asked(EVERY_SIGN, hypotension=2)
    assert found["skin"] == found["airway"] == "anaphylaxis"


def test_skin_signs_ask_for_pressure_and_saturation() -> None:
    found = asked(EVERY_SIGN, skin=1)
    assert {"hypotension", "hypoxia"} <= set(found)


def test_what_was_looked_at_is_not_asked_for() -> None:
    assert asked(frozenset(), hypotension=2) == {}
    assert "skin" not in asked(EVERY_SIGN - {"skin"}, hypotension=2)


def test_what_would_not_make_it_graver_is_not_asked_for() -> None:
    assert asked(EVERY_SIGN, floor=4, hypotension=2) == {}


def test_nothing_is_asked_where_nothing_is_there() -> None:
    assert asked(EVERY_SIGN) == {}
