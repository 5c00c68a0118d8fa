"""The matrix of stories and faults: its judges, two columns of it, and some cells."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from scenario_wards import site_of

from monitor.facts.effects import AlertChanged, Context
from monitor.scenario.checking import read_scenario
from monitor.scenario.rehearsal import Difference, Rehearsal
from monitor.settings.settings import load_settings
from scripts.fault_matrix import BREAKS, cell, column, lines, story
from scripts.fault_page import SCENARIOS
from scripts.scenario_matrix import (
    RUN_GAP_MS,
    Outlook,
    judged,
    outlook,
    story_cells,
    story_lines,
    struck,
    unpromised,
)
from simulators.fault_options import FAULTS
from simulators.pictures import PICTURES
from simulators.recording import STARTED_MS
from simulators.scenario import MINUTE_MS, planted
from simulators.verdict import Raised

STORIES = {
    name: read_scenario(SCENARIOS / f"{name}.toml")
    for name in ("vasovagal-faint", "fever-masked", "fluid-overload")
}
CONFIG = Path(__file__).resolve().parents[1] / "config"
STORY = story(("anaphylaxis", "uneventful"), cadence_s=30, length_s=40 * 60)
ONSET_MS = STARTED_MS + STORY.beds[0].reaction_s * 1000


def raised(
    at_min: float, *, bed: str = "01", kind: str = "physiological", grade: int = 3
) -> Raised:
    at_ms = ONSET_MS + round(at_min * MINUTE_MS)
    return Raised(
        bed=bed, kind=kind, grade=grade, pattern="anaphylaxis", signs=("airway",), at_ms=at_ms
    )


@pytest.mark.parametrize(
    ("fault", "bed", "heard", "words"),
    [
        ("none", 0, [raised(3)], "found 3.0"),
        ("none", 0, [], "**BROKEN: quiet**"),
        ("none", 0, [raised(9)], "**BROKEN: quiet**"),
        ("drop", 0, [raised(9)], "found 9.0"),
        ("none", 0, [raised(3, bed="02")], "**BROKEN: quiet**"),
        ("none", 1, [], "quiet"),
        ("none", 1, [raised(3, bed="02")], "**BROKEN: 1 false**"),
        ("none", 1, [raised(3, bed="02", grade=1)], "quiet"),
        ("battery", 0, [raised(-1, kind="technical", grade=0)], "told 1.0"),
        ("battery", 0, [raised(3)], "found 3.0"),
        ("battery", 0, [raised(1, kind="technical", grade=0)], "**BROKEN: told 3.0**"),
        ("battery", 0, [raised(-9, kind="technical", grade=0)], "**BROKEN: quiet**"),
        ("battery", 1, [], "**BROKEN: quiet**"),
    ],
)
def test_a_cell_keeps_its_promise_or_says_that_it_does_not(
    fault: str, bed: int, heard: list[Raised], words: str
) -> None:
    plan = STORY.beds[bed]
    truth = {one.bed: one for one in planted(STORY)}.get(plan.bed)
    assert cell(plan, fault, truth, heard).words == words


@pytest.mark.parametrize("fault", ["duplicate", "battery"])
def test_two_columns_keep_what_is_promised(fault: str) -> None:
    cells = column(load_settings(CONFIG).ward, STORY, fault)
    assert [one.reaction for one in cells] == ["anaphylaxis", "uneventful"]
    assert all(one.is_kept for one in cells), [one.words for one in cells]
    assert any(fault in line for line in lines({fault: cells}))


def test_every_fault_that_can_be_asked_for_has_a_promise() -> None:
    assert next(iter(BREAKS)) == "none"
    assert set(BREAKS) == {"none", *FAULTS}


def test_the_page_has_every_reaction_every_scenario_and_every_fault() -> None:
    page = (CONFIG.parent / "docs" / "fault-matrix.md").read_text(encoding="utf-8")
    assert f"| fault | {' | '.join(PICTURES)} |" in page
    assert f"| scenario | {' | '.join(BREAKS)} |" in page
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == [
        *BREAKS,
        *BREAKS,
        *(path.stem for path in sorted(SCENARIOS.glob("*.toml"))),
    ]
    assert "BROKEN" not in page


# ------------------------------------------------------------------------------ stories

SEEN = Outlook(
    bed="1",
    device="mon-1",
    from_ms=20 * MINUTE_MS,
    called_ms=22 * MINUTE_MS,
    last_ms=40 * MINUTE_MS,
    every_ms=30_000,
    technical=frozenset({"silent:rr"}),
)
QUIET = replace(SEEN, called_ms=None)


def alert(at_min: float, **changed: object) -> tuple[int, AlertChanged]:
    """Return one state of an alert, as a rehearsal tells it."""
    plain = AlertChanged(
        at_ms=0, bed="1", session="S", id="al", revision=1, phase="start", condition="active",
        signal="on", kind="physiological", priority="high", cause="reaction", pattern="", grade=3,
        onset_ms=0, raised_ms=0, label="", because=(), context=Context(), grade_path=(),
        acknowledged_by="", acknowledged_ms=None, realert_ms=None, rulebook="",
    )  # fmt: skip
    return round(at_min * MINUTE_MS), msgspec.structs.replace(plain, **changed)


GAP = {"kind": "technical", "cause": "gap:mon-1", "grade": 0}


@pytest.mark.parametrize(
    ("fault", "seen", "told", "shown"),
    [
        ("reorder", SEEN, [alert(22)], "called"),
        ("reorder", SEEN, [alert(23)], "called"),
        ("reorder", SEEN, [alert(24)], "**BROKEN: quiet**"),
        ("reorder", SEEN, [alert(22, bed="2")], "**BROKEN: quiet**"),
        ("reorder", SEEN, [alert(22, grade=1)], "**BROKEN: quiet**"),
        ("reorder", QUIET, [], "quiet"),
        ("reorder", QUIET, [alert(30)], "**BROKEN: called for nothing**"),
        ("duplicate", SEEN, [alert(22)], "as written"),
        ("battery", SEEN, [alert(21, **GAP)], "told 1.0"),
        ("battery", SEEN, [alert(22)], "called"),
        ("battery", SEEN, [alert(19, **GAP)], "**BROKEN: quiet**"),
        ("battery", SEEN, [alert(23, **GAP)], "**BROKEN: told 3.0**"),
        ("battery", QUIET, [], "**BROKEN: quiet**"),
        ("battery", QUIET, [alert(21, **GAP)], "told 1.0"),
        ("battery", SEEN, [alert(21, **GAP | {"cause": "silent:rr"})], "told 1.0"),
        (
            "battery",
            SEEN,
            [alert(21, **GAP | {"cause": "silent:rr", "phase": "update"})],
            "**BROKEN: quiet**",
        ),
        ("mean-as-systolic", QUIET, [alert(21)], "called for nothing"),
        ("reorder", SEEN, [alert(21, **GAP)], "told"),
        ("reorder", replace(SEEN, technical=frozenset()), [alert(21, **GAP)], "**BROKEN: quiet**"),
        ("freeze", SEEN, [alert(9, **GAP | {"cause": "flat:hr"})], "told 0.0"),
        (
            "freeze",
            SEEN,
            [alert(9, **GAP | {"cause": "flat:hr"}), alert(9, **GAP | {"phase": "end"})],
            "told 0.0",
        ),
    ],
)
def test_a_story_keeps_its_promise_or_says_that_it_does_not(
    fault: str, seen: Outlook, told: list[tuple[int, AlertChanged]], shown: str
) -> None:
    found = Rehearsal(scenario=STORIES["vasovagal-faint"], told=tuple(told), differences=())
    assert judged("x", fault, seen, found).shown == shown


def test_a_difference_from_the_file_breaks_what_must_stay_as_written() -> None:
    odd = Difference(row="expect 1", when="0:20", bed="1", expected="x", found="y")
    found = Rehearsal(scenario=STORIES["vasovagal-faint"], told=(), differences=(odd,))
    assert not judged("x", "duplicate", SEEN, found).is_kept


@pytest.mark.parametrize(
    ("story", "called_min", "fault", "letter"),
    [
        ("fever-masked", 20.5, "battery", ""),
        ("vasovagal-faint", 20.5, "mean-as-systolic", "b"),
        ("vasovagal-faint", 20.5, "battery", ""),
        ("fluid-overload", 81, "freeze", "e"),
        ("fluid-overload", 81, "battery", ""),
    ],
)
def test_what_cannot_be_promised_says_why(
    story: str, called_min: float, fault: str, letter: str
) -> None:
    scenario = STORIES[story]
    plain = Rehearsal(scenario=scenario, told=(alert(called_min),), differences=())
    seen = outlook(scenario, plain)
    assert seen is not None
    assert unpromised(scenario, struck(scenario, seen, fault), seen, fault) == letter


def test_nothing_is_promised_after_the_end_without_a_session_or_a_device() -> None:
    scenario = STORIES["vasovagal-faint"]
    seen = outlook(scenario, Rehearsal(scenario=scenario, told=(alert(20.5),), differences=()))
    assert seen is not None
    late = replace(seen, from_ms=39 * MINUTE_MS)
    shut = replace(
        scenario,
        deliveries=tuple(one for one in scenario.deliveries if one.kind != "session"),
    )
    people = replace(
        scenario, deliveries=tuple(one for one in scenario.deliveries if one.kind != "vitals")
    )

    assert unpromised(scenario, struck(scenario, late, "battery"), late, "battery") == "c"
    early = replace(seen, from_ms=0)
    assert unpromised(scenario, struck(scenario, early, "battery"), early, "battery") == "f"
    assert unpromised(shut, struck(shut, seen, "battery"), seen, "battery") == "d"
    assert outlook(people, Rehearsal(scenario=people, told=(), differences=())) is None


@pytest.mark.parametrize(
    ("name", "faults"), [("vasovagal-faint", ("unit-swap",)), ("two-beds", ("duplicate",))]
)
def test_some_stories_keep_what_is_promised(name: str, faults: tuple[str, ...]) -> None:
    cells = story_cells(SCENARIOS / f"{name}.toml", site_of, faults)
    assert all(one.is_kept and not one.why_not for one in cells), [one.shown for one in cells]
    assert f"| `{name}` |" in "\n".join(story_lines([cells]))


def test_values_further_apart_are_no_run_that_could_stand_still() -> None:
    assert load_settings(CONFIG).ward.detection.steadiness.gap_ms == RUN_GAP_MS
