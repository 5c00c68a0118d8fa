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
    Stricken,
    as_written,
    judged,
    outlooks,
    story_cells,
    stricken,
    struck,
)
from scripts.story_page import KNOWN, story_lines
from scripts.story_promises import RULES, RUN_GAP_MS, Kind, Outlook, forbidden
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
        *(rule.letter for rule in RULES.values()),
        *(path.stem for path in sorted(SCENARIOS.glob("*.toml"))),
    ]
    broken = {
        (cells[0].strip("` "), fault)
        for cells in (line.strip("|").split("|") for line in page.splitlines())
        for fault, shown in zip(BREAKS, cells[1:], strict=False)
        if "BROKEN" in shown
    }
    assert broken == set(KNOWN), "a broken promise is mended, or said with its reason"


def test_every_rule_has_a_letter_of_its_own_a_promise_and_a_reason() -> None:
    assert len({rule.letter for rule in RULES.values()}) == len(RULES)
    assert all(rule.story and rule.promise and rule.reason for rule in RULES.values())


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


def under(fault: str, seen: Outlook, kind: Kind = "usual") -> Stricken:
    """Return a story under a fault whose minutes count from the strike."""
    plain = STORIES["vasovagal-faint"]
    due_ms = seen.from_ms + BREAKS[fault].told_ms
    return Stricken(
        plain=plain, after=plain, seen=seen, kind=kind, begins_ms=seen.from_ms, due_ms=due_ms
    )


@pytest.mark.parametrize(
    ("fault", "seen", "told", "shown"),
    [
        ("reorder", SEEN, [alert(22)], "called"),
        ("reorder", SEEN, [alert(23)], "called"),
        ("reorder", SEEN, [alert(24)], "**BROKEN: called later**"),
        ("reorder", SEEN, [alert(22, bed="2")], "**BROKEN: quiet**"),
        ("reorder", SEEN, [alert(22, grade=1)], "**BROKEN: quiet**"),
        ("reorder", QUIET, [], "quiet"),
        ("reorder", QUIET, [alert(30)], "**BROKEN: called for nothing**"),
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
    assert judged("x", fault, under(fault, seen), found).shown == shown


@pytest.mark.parametrize(
    ("kind", "seen", "told", "shown"),
    [
        ("refused", QUIET, [alert(9, **GAP)], "stays told `r`"),
        ("refused", QUIET, [alert(9, **GAP), alert(21, **GAP | {"phase": "end"})],
         "**BROKEN: quiet** `r`"),
        ("unheard", SEEN, [alert(24)], "called later `n`"),
        ("unheard", SEEN, [alert(39)], "**BROKEN: called later** `n`"),
        ("by hand", QUIET, [alert(9, kind="advisory", grade=0, cause="vitals:regular")],
         "stays told `h`"),
        ("by hand", QUIET, [], "**BROKEN: quiet** `h`"),
        ("seldom", replace(SEEN, channels=frozenset({"sbp", "hr"})), [alert(22, grade=1)],
         "told as grade 1 `t`"),
        ("seldom", replace(SEEN, channels=frozenset({"sbp", "hr"})), [], "**BROKEN: quiet** `t`"),
        ("seldom", replace(SEEN, channels=frozenset({"hr"})), [], "quiet `t`"),
        ("seldom", QUIET, [alert(22)], "**BROKEN: called for nothing** `t`"),
        ("plausible", QUIET, [], "quiet `p`"),
        ("plausible", QUIET, [alert(22)], "**BROKEN: called for nothing** `p`"),
    ],
)  # fmt: skip
def test_a_kind_of_story_has_a_promise_of_its_own(
    kind: Kind, seen: Outlook, told: list[tuple[int, AlertChanged]], shown: str
) -> None:
    found = Rehearsal(scenario=STORIES["vasovagal-faint"], told=tuple(told), differences=())
    assert judged("x", "freeze", under("freeze", seen, kind), found).shown == shown


def test_a_difference_from_the_file_breaks_what_must_stay_as_written() -> None:
    odd = Difference(row="expect 1", when="0:20", bed="1", expected="x", found="y")
    found = Rehearsal(scenario=STORIES["vasovagal-faint"], told=(), differences=(odd,))
    assert not as_written("x", "duplicate", "usual", found).is_kept
    told = replace(found, told=(alert(22),))
    assert not judged("x", "battery", under("battery", SEEN), told).is_kept, "it was forbidden"


def test_what_is_forbidden_is_asked_as_far_as_a_story_is_run() -> None:
    rows = read_scenario(SCENARIOS / "antibody-hives.toml").expectations
    lost = forbidden(rows, "battery", 60 * MINUTE_MS)

    assert [one.name for one in lost if one.subject == "step"] == ["resume", "epinephrine"]
    assert [one.fields for one in lost if one.subject == "bed"] == [
        {"not_offered": ("resume-half",)}
    ]
    assert max(one.to_ms for one in lost) == 60 * MINUTE_MS
    another = forbidden(rows, "artefact", 60 * MINUTE_MS)
    assert [one.name for one in another if one.subject == "step"] == ["resume"]
    assert not [one for one in forbidden(rows, "battery", 50 * MINUTE_MS) if one.subject == "bed"]


@pytest.mark.parametrize(
    ("story", "called_min", "fault", "kind"),
    [
        ("fever-masked", 20.5, "battery", "usual"),
        ("vasovagal-faint", 20.5, "mean-as-systolic", "usual"),
        ("vasovagal-faint", None, "mean-as-systolic", "usual"),
        ("child-no-adult-dose", None, "mean-as-systolic", "usual"),
        ("mild-itch", None, "mean-as-systolic", "plausible"),
        ("mild-itch", None, "freeze", "usual"),
        ("fluid-overload", 81, "freeze", "seldom"),
        ("fluid-overload", 81, "battery", "usual"),
        ("no-baseline", 2, "battery", "unheard"),
        ("written-down-late", None, "unit-swap", "untouched"),
        ("said-twice", None, "unit-swap", "usual"),
        ("doubtful-cuff", 32, "mean-as-systolic", "falls silent"),
        ("guide-vital-signs-during-and-after", None, "silence", "by hand"),
        ("offline-when-opened", None, "silence", "unheard"),
    ],
)
def test_what_is_promised_comes_from_the_story_and_the_fault(
    story: str, called_min: float | None, fault: str, kind: str
) -> None:
    path = SCENARIOS / f"{story}.toml"
    scenario = read_scenario(path)
    told = () if called_min is None else (alert(called_min),)
    seen = outlooks(scenario, Rehearsal(scenario=scenario, told=told, differences=()))
    assert stricken(path, scenario, seen, fault).kind == kind


def test_nothing_is_struck_where_no_device_sends_and_chance_never_spares_all() -> None:
    path = SCENARIOS / "never-heard.toml"
    scenario = read_scenario(path)
    assert outlooks(scenario, Rehearsal(scenario=scenario, told=(), differences=())) == []
    faint = STORIES["vasovagal-faint"]
    seen = outlooks(faint, Rehearsal(scenario=faint, told=(), differences=()))[0]
    few = replace(faint, deliveries=faint.deliveries[-3:])
    assert len(struck(few, replace(seen, from_ms=0), "drop").deliveries) < len(few.deliveries)


@pytest.mark.parametrize(
    ("name", "faults"), [("vasovagal-faint", ("unit-swap",)), ("two-beds", ("duplicate",))]
)
def test_some_stories_keep_what_is_promised(name: str, faults: tuple[str, ...]) -> None:
    cells = story_cells(SCENARIOS / f"{name}.toml", site_of, faults)
    assert all(one.is_kept for one in cells), [one.shown for one in cells]
    assert f"| `{name}` |" in "\n".join(story_lines([cells]))


def test_values_further_apart_are_no_run_that_could_stand_still() -> None:
    assert load_settings(CONFIG).ward.detection.steadiness.gap_ms == RUN_GAP_MS
