"""Outcomes by nurse: what guidance changes, what ignoring changes not, and what is counted."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from monitor import nurse_wards
from monitor.__main__ import app
from monitor.engines.local import SerialEngine
from monitor.engines.work import Done, Job
from monitor.nurse_wards import (
    Item,
    against,
    cohort_of,
    items_of,
    lived_bytes,
    lived_ward,
    nurse_outcomes,
)
from monitor.settings.settings import load_settings
from monitor.study.nurse_outcomes import (
    ALL,
    NURSES,
    Attended,
    Lived,
    NurseOutcomes,
    NurseRow,
    WardLived,
    lines,
    outcomes_of,
)
from scripts.nurse_tables import BLOCK, PAGE, page
from simulators.chairs import chair
from simulators.cohorts import Cohort, Mix, shares_of, started_ms, ward_scenario_of
from simulators.overloads import PHENOTYPES
from simulators.truths import true_grades

CONFIG = Path(__file__).resolve().parents[2] / "config"
HABITS = ("needle", "talking", "walking", "sleep", "posture", "other_arm", "other_site", "anxiety")
MIX = (
    "child_share = 0.0\n[reactions]\nanaphylaxis = 1.0\n[habits]\nfaint = 0\nprobe_off = 0\n"
    + "".join(f"{name} = 0\n" for name in HABITS)
)
"""With this seed two people, early and of grade 3 and 4, in half an hour."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> str:
    mix = tmp_path_factory.mktemp("mix") / "mix.toml"
    mix.write_text(MIX)
    (item,) = items_of(sessions=2, seed=3, hours=0.5, mix=str(mix), config=CONFIG)
    return item


@pytest.fixture(scope="module")
def ward(work: str) -> WardLived:
    return msgspec.json.decode(lived_bytes(work), type=WardLived)


@pytest.fixture(scope="module")
def outcomes(ward: WardLived) -> NurseOutcomes:
    return outcomes_of([ward], hours=0.5, seed=3)


def row(found: NurseOutcomes, nurse: Attended, kind: str = ALL) -> NurseRow:
    return next(one for one in found.rows if (one.kind, one.nurse) == (kind, nurse))


def test_who_ignores_leaves_the_course_exactly_as_untreated(work: str, ward: WardLived) -> None:
    item = msgspec.json.decode(work, type=Item)
    cohort = cohort_of(item, "none")
    scenario, begins_ms = ward_scenario_of(cohort, 1), started_ms(cohort, 1)
    found = [one for one in ward.sessions if one.nurse == "ignores"]

    for plan, lived in zip(scenario.beds, found, strict=True):
        here = chair(plan, scenario, unit="ward-0001", started_ms=begins_ms)
        grades = true_grades(here)[: here.recorded_s]
        assert lived.bed == plan.bed
        assert lived.grave_s == (grades >= 3).sum() > 0
        assert lived.reaction_s == (grades > 0).sum()
        assert lived.grade_s == grades.sum()
        assert (lived.done, lived.measured, lived.epinephrine) == (0, 0, 0)


def test_following_makes_nobody_graver_and_delaying_less_of_a_difference(
    outcomes: NurseOutcomes,
) -> None:
    follows, delays, ignores = (
        row(outcomes, one).grave_min for one in ("follows", "delays", "ignores")
    )
    assert follows < delays <= ignores
    assert row(outcomes, "follows").grave_worse == 0
    assert row(outcomes, "follows").grave_change_min < 0
    assert row(outcomes, "ignores").grave_change_min == 0


def test_steps_are_done_epinephrine_is_given_and_values_are_taken(ward: WardLived) -> None:
    for one in ward.sessions:
        assert one.offered > 0
        assert one.done <= one.offered
        assert one.done == len(one.waited_ms)
        assert one.measured <= one.asked
        if one.nurse == "follows":
            assert one.epinephrine > 0
            assert one.done > 0
            assert one.measured > 0
        assert not one.misplaced, "it is right in anaphylaxis"
        assert not one.completed, "nobody's infusion was over by then"


def test_no_step_is_offered_in_answer_to_a_deed_that_it_contradicts(
    outcomes: NurseOutcomes,
) -> None:
    assert outcomes.contradictions == ()


def test_a_bed_is_lived_alike_again_and_alone(work: str, ward: WardLived) -> None:
    alone = msgspec.structs.replace(msgspec.json.decode(work, type=Item), sessions=1)
    found = lived_ward(alone, "follows", load_settings(CONFIG))
    assert found == [one for one in ward.sessions if (one.nurse, one.bed) == ("follows", "01")]


class Backwards:
    """An engine that does its work from the end."""

    name = "backwards"

    def run(self, job: Job, chunks: Sequence[tuple[str, ...]]) -> Iterator[Done]:
        for (item,) in reversed(chunks):
            yield Done(item=item, result=job(item))


def test_the_order_of_the_work_changes_nothing(
    ward: WardLived, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = items_of(sessions=120, seed=1, hours=1, mix="default", config=CONFIG)
    results = {
        item: msgspec.json.encode(msgspec.structs.replace(ward, ward=f"ward-{place}"))
        for place, item in enumerate(items)
    }
    monkeypatch.setattr(nurse_wards, "lived_bytes", results.__getitem__)
    found = [nurse_outcomes(items, one, err=io.StringIO()) for one in (SerialEngine(), Backwards())]

    assert len(items) == 3
    assert found[0] == found[1]
    assert found[0].digest
    assert found[0].sessions == 3 * 2


@pytest.mark.parametrize(
    ("taken", "offers", "expected"),
    [
        (("stop",), {"resume", "flat", "pause"}, {("stop", "resume"), ("stop", "pause")}),
        (("stop-for-good",), {"step-up"}, {("stop-for-good", "step-up")}),
        (("epinephrine",), {"resume-half", "stop"}, {("epinephrine", "resume-half")}),
        (("epinephrine-ready",), {"resume"}, set()),
        (("pause",), {"slow", "resume"}, {("pause", "slow")}),
        (("pause", "resume"), {"slow"}, set()),
        (("sit-up",), {"flat"}, {("sit-up", "flat")}),
        (("sit-up", "check"), {"flat"}, set()),
        ((), {"stop", "resume"}, set()),
    ],
)
def test_what_goes_against_a_deed(
    taken: tuple[str, ...], offers: set[str], expected: set[tuple[str, str]]
) -> None:
    assert set(against(taken, frozenset(offers), is_same_picture=True)) == expected


def test_another_picture_may_ask_for_another_position() -> None:
    assert against(("sit-up",), frozenset({"flat"}), is_same_picture=False) == []


def lived(nurse: Attended, **fields: object) -> Lived:
    plain: dict[str, object] = {
        "bed": "01",
        "nurse": nurse,
        "kind": "febrile",
        "peak_grade": 3,
        "grave_s": 600,
        "reaction_s": 1200,
        "grade_s": 3000,
        "left": 0.5,
        "completed": False,
        "running": False,
    }
    return Lived(**{**plain, **fields})  # type: ignore[arg-type]  # fields by name


def test_rows_are_means_of_people_beside_those_nobody_helped() -> None:
    people = [
        lived("ignores"),
        lived("ignores", bed="02", grave_s=60),
        lived("follows", grave_s=0, peak_grade=2, epinephrine=2, misplaced=True),
        lived("follows", bed="02", grave_s=120, completed=True, left=0.0, returned=1),
        *(lived(nurse, bed=bed) for nurse in ("delays", "looks") for bed in ("01", "02")),
    ]
    found = outcomes_of([WardLived(ward="w", sessions=tuple(people))], hours=4, seed=1)
    follows = row(found, "follows", "febrile")

    assert found.sessions == 2
    assert follows == msgspec.structs.replace(row(found, "follows"), kind="febrile")
    assert (follows.peak_grades, follows.peak_grade) == ((0, 0, 1, 1, 0), 2.5)
    assert (follows.grave_min, follows.grave_change_min, follows.grave_worse) == (1.0, -4.5, 1)
    assert (follows.reaction_min, follows.grade_min) == (20.0, 50.0)
    assert (follows.completed, follows.left) == (0.5, 0.25)
    assert (follows.epinephrine_sessions, follows.epinephrine_misplaced) == (1, 1)
    assert (follows.returned, follows.returned_restarted) == (1, 0)


def test_contradictions_and_refusals_are_told() -> None:
    people = [
        lived(nurse, refused=("slow: not offered",), contradicted=(("stop", "resume"),))
        for nurse in NURSES
    ]
    found = outcomes_of([WardLived(ward="w", sessions=tuple(people))], hours=4, seed=1)

    assert found.refusals == ("slow: not offered",)
    assert len(found.contradictions) == 4
    assert "* w bed 01, follows: resume after stop" in list(lines(found))


HEADS = {"| Reaction", "| Nurse"}


def test_the_page_holds_what_the_command_prints() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = BLOCK.search(text)
    assert shown is not None
    table = shown[0].splitlines()[1:-1]
    empty = [lived(nurse, kind="uneventful") for nurse in NURSES]
    made = list(lines(outcomes_of([WardLived(ward="w", sessions=tuple(empty))], hours=4, seed=1)))
    heads = [line for line in made if line.startswith(("| Reaction", "| Nurse"))]
    assert [line for line in table if line.startswith(("| Reaction", "| Nurse"))] == heads
    kinds = {line.split(" | ")[0] for line in table if line.startswith("| ")}
    assert {f"| {ALL}", "| uneventful"} <= kinds
    assert kinds <= {f"| {name}" for name in (ALL, "uneventful", *PHENOTYPES, *NURSES)} | HEADS
    told = re.match(r"(\d+) people, .* over (\d+) h, seed (\d+); digest [0-9a-f]{64}", table[0])
    assert told is not None
    mix = "--mix docs/every-reaction.toml"
    assert f"score nurses --sessions {told[1]} --seed {told[3]} {mix}`" in text
    cells = dict(line.split(" | ")[:2] for line in table if line.startswith("| "))
    assert all(int(cells[f"| {name}"]) >= 20 for name in PHENOTYPES)
    assert page(text, outcomes_of([WardLived(ward="w", sessions=tuple(empty))], hours=4, seed=1))


def test_on_the_page_following_makes_grave_minutes_fewer_and_more_for_no_reaction() -> None:
    shown = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert shown is not None
    rows = [line.strip("| ").split(" | ") for line in shown[0].splitlines() if " / " in line]
    grave = {row[0]: [float(one) for one in row[3].split(" / ")] for row in rows if len(row) > 9}
    follows, delays, ignores, _ = grave[ALL]
    assert follows < delays < ignores
    assert all(under[0] <= under[2] for under in grave.values())
    assert "contradict: 0." in shown[0]


def test_the_command_prints_keys_and_tables(
    ward: WardLived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nurse_wards, "lived_bytes", lambda _: msgspec.json.encode(ward))
    given = ["score", "nurses", "--sessions", "2", "--engine", "serial", "--config", str(CONFIG)]
    told = CliRunner().invoke(app, [*given, "--json"])
    assert told.exit_code == 0, told.output
    found = msgspec.json.decode(told.stdout.splitlines()[-1], type=NurseOutcomes)
    assert found.sessions == 2
    shown = CliRunner().invoke(app, given)
    assert "Each cell: under who follows / delays / ignores / looks." in shown.stdout
    text = PAGE.read_text(encoding="utf-8")
    for name in (*NurseOutcomes.__struct_fields__, *found.rows[0].__struct_fields__):
        assert re.search(rf"\b{name}\b", text), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hours", "0.1"], "0.1 hours"),
        (["--mix", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_what_cannot_be_is_refused(options: list[str], words: str) -> None:
    told = CliRunner().invoke(app, ["score", "nurses", "--config", str(CONFIG), *options])
    assert told.exit_code in {2, 4}
    assert words in told.output


def test_the_standard_mix_is_what_is_attended() -> None:
    item = msgspec.json.decode(
        items_of(sessions=7, seed=2, hours=4, mix="default", config=CONFIG)[0], type=Item
    )
    cohort = cohort_of(item, "follows")
    assert cohort == Cohort(sessions=7, beds_per_file=50, hours=4, seed=2)
    assert isinstance(cohort.mix, Mix)


def test_the_study_that_is_documented_has_twenty_people_of_every_reaction() -> None:
    mix = PAGE.parent / "every-reaction.toml"
    items = items_of(sessions=400, seed=1, hours=4, mix=str(mix), config=CONFIG)
    cohort = cohort_of(msgspec.json.decode(items[0], type=Item), "none")
    plans = [
        plan for ward in range(1, len(items) + 1) for plan in ward_scenario_of(cohort, ward).beds
    ]
    found = shares_of(plans)

    assert set(found) == {*PHENOTYPES, "uneventful"}
    assert len(plans) == 400
    assert min(found.values()) >= 20
