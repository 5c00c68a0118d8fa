"""Cases are laid beside what was to be expected, under one reading of every word."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.adapters.cases import START_MS
from monitor.care.ladders import StepKind
from monitor.facts.effects import (
    AdviceChanged,
    AlertChanged,
    AnyEffect,
    Context,
    GradeChanged,
    Priority,
    Step,
)
from monitor.facts.records import Input, VitalsReported
from monitor.settings.settings import load_settings
from monitor.study.scoring import (
    CaseScore,
    CasesScore,
    run_cases,
    score_cases,
    step_word,
    words_of_steps,
    yardstick,
)

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = load_settings(ROOT / "config").ward
BESIDE = yardstick(SETTINGS)
VOCABULARY = {
    "stop", "pause", "slow", "epinephrine", "fluids", "oxygen", "antihistamine", "antipyretic",
    "steroid", "diuretic", "supine", "observe", "recheck", "call_clinician", "call_emergency",
}  # fmt: skip
OWN_WORDS = {"resume", "sit_up", "epinephrine_ready", "bronchodilator", "glucagon"}
"""Rungs for which the cases have no word."""

ALERTS: dict[int, tuple[Priority, int, tuple[str, ...]]] = {
    100: ("low", 1, ("check",)),
    130: ("medium", 2, ("pause", "check")),
    160: ("high", 3, ("stop", "epinephrine", "epinephrine-ready")),
}
"""What the stand-in says about a heart rate: priority, grade, keys of the steps."""


class StandInWard:
    """Answers to a heart rate above 90 as the table says, and falls over one of 13."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        effects: list[AnyEffect] = []
        for record in inputs:
            if isinstance(record, VitalsReported):
                rate = record.values[0].value_centi // 100
                if rate == 13:
                    raise ZeroDivisionError("thirteen")
                effects += told(now_ms, record.bed, rate)
        return tuple(effects)


def told(at_ms: int, bed: str, rate: int) -> list[AnyEffect]:
    priority, grade, keys = ALERTS.get(rate, ("info", 0, ()))
    graded = GradeChanged(
        at_ms=at_ms, bed=bed, session="", grade=grade, before=0, pattern="", reasons=()
    )
    if not grade:
        return [graded]
    alert = AlertChanged(
        at_ms=at_ms,
        bed=bed,
        session="",
        id=f"{bed}-{rate}",
        revision=1,
        phase="start",
        condition="pending" if grade == 1 else "active",
        signal="on",
        kind="physiological",
        priority=priority,
        cause="reaction",
        pattern="isolated-sign",
        grade=grade,
        onset_ms=at_ms,
        raised_ms=at_ms,
        label="HR",
        because=(),
        context=Context(),
        grade_path=((at_ms, grade),),
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        rulebook="",
    )
    advice = AdviceChanged(
        at_ms=at_ms,
        bed=bed,
        session="",
        id="ad",
        revision=1,
        alert=alert.id,
        ladder="",
        pattern="",
        grade=grade,
        steps=tuple(
            Step(key=key, words=f"Do {key}", who="nurse", source=(), state="offered")
            for key in keys
        ),
        reason="",
    )
    return [graded, alert, advice]


def case(name: str, *rates: float | None, **expected: object) -> dict[str, object]:
    """Return a published case with a heart rate every ten minutes from minute 10 on."""
    points = [{"t_min": 10 * (n + 1), "HR": rate} for n, rate in enumerate(rates)]
    return {
        "id": name,
        "set": "vaers",
        "baseline": {"HR": 70},
        "timeline": points,
        "expected": {
            "attention": True, "min_grade": 0, "max_grade": 4, "steps": [], "must_not": [],
            "detectable_from_vitals": True, **expected,
        },
    }  # fmt: skip


def published(folder: Path, *cases: dict[str, object]) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in cases))
    return path


def scored(folder: Path, *cases: dict[str, object]) -> CasesScore:
    return score_cases(published(folder, *cases), StandInWard, BESIDE)


def only(folder: Path, one: dict[str, object]) -> CaseScore:
    return scored(folder, one).cases[0]


@pytest.mark.parametrize(
    ("rate", "attention", "shown", "called", "right"),
    [
        (80, True, False, False, False),
        (100, True, True, False, True),
        (130, True, True, True, True),
        (160, True, True, True, True),
        (80, False, False, False, True),
        (100, False, True, False, True),
        (130, False, True, True, False),
        (130, None, True, True, None),
    ],
)
def test_attention_is_right_if_it_is_shown_where_due_and_calls_nobody_elsewhere(
    tmp_path: Path, rate: int, *, attention: bool | None, shown: bool, called: bool, right: bool
) -> None:
    found = only(tmp_path, case("one", rate, attention=attention))

    assert (found.attention, found.called, found.attention_right) == (shown, called, right)


def test_shares_are_over_what_is_detectable_and_expected(tmp_path: Path) -> None:
    found = scored(
        tmp_path,
        case("right", 160),
        case("low", 100),
        case("missed", 80),
        case("calm", 100, attention=False),
        case("open", 80, attention=None),
        case("hidden", 80, detectable_from_vitals=False),
        {"id": "many", "set": "group", "timeline": []},
    )

    assert (found.n_cases, found.n_groups_skipped, found.n_detectable) == (6, 1, 4)
    assert found.attention_right_detectable == 0.75
    assert found.attention_right_shown == 0.5
    assert found.attention_right_called == 0.5


def test_the_highest_grade_must_lie_in_the_range(tmp_path: Path) -> None:
    found = scored(
        tmp_path,
        case("in", 160, 80, min_grade=3, max_grade=3),
        case("below", 130, min_grade=3),
        case("above", 130, max_grade=1),
    )

    assert [one.peak_grade for one in found.cases] == [3, 2, 2]
    assert [one.grade_in_range for one in found.cases] == [True, False, False]
    assert found.grade_in_range == 0.3333
    assert found.cases[1].why == ("the highest grade was 2, expected 3 to 4",)


def test_steps_are_in_the_words_of_the_cases_in_order(tmp_path: Path) -> None:
    found = only(tmp_path, case("one", 130, 160, steps=["stop", "fluids"]))

    assert found.steps == ("pause", "recheck", "stop", "epinephrine", "epinephrine_ready")
    assert found.first_step_offered is True
    assert only(tmp_path, case("one", 130, steps=["stop"])).first_step_offered is False
    assert only(tmp_path, case("one", 130)).first_step_offered is None


def test_a_step_that_would_be_a_fault_is_named(tmp_path: Path) -> None:
    found = scored(
        tmp_path,
        case("faint", 160, must_not=["epinephrine"]),
        case("calm", 130, must_not=["epinephrine"]),
    )

    assert [(one.id, one.step) for one in found.must_not_violations] == [("faint", "epinephrine")]
    assert found.cases[0].must_not == ("epinephrine",)
    assert "epinephrine was offered, which would be a fault" in found.cases[0].why
    assert found.cases[1].must_not == ()


def test_every_rung_has_a_word() -> None:
    words = words_of_steps(SETTINGS)

    assert set(words.values()) == VOCABULARY | OWN_WORDS
    assert words["rapid-response"] == "call_emergency"
    assert words["stop-for-good"] == "stop"
    assert words["resume-half"] == "resume"


@pytest.mark.parametrize("kind", ["rate", "pause", "stop", "oxygen", "fluids", "measure", "call"])
def test_rungs_of_a_kind_share_a_word_but_for_those_that_are_named(kind: StepKind) -> None:
    words = {
        step_word(rung)
        for ladder in SETTINGS.ladders
        for rung in ladder.steps
        if rung.kind == kind and step_word(rung) in VOCABULARY
    }

    assert words == {
        "rate": {"slow"},
        "measure": {"recheck", "observe"},
        "call": {"call_clinician", "call_emergency"},
    }.get(kind, {kind})


def test_delay_is_from_the_first_abnormal_set_to_the_first_alert(tmp_path: Path) -> None:
    found = scored(
        tmp_path, case("late", 80, 125, 160), case("never", 125), case("at once", 80, 160)
    )

    assert [one.first_abnormal_min for one in found.cases] == [20, 10, 20]
    assert [one.first_alert_min for one in found.cases] == [30, None, 20]
    assert [one.delay_min for one in found.cases] == [10, None, 0]
    assert (found.n_timed, found.n_timed_missed, found.median_delay_min) == (3, 1, 5)


def test_a_set_whose_time_is_not_stated_has_no_delay(tmp_path: Path) -> None:
    one = case("untimed", 160)
    one["timeline"] = [{"t_min": None, "HR": 160}]

    found = only(tmp_path, one)

    assert found.first_alert_min == 15
    assert (found.first_abnormal_min, found.delay_min) == (None, None)


def test_what_was_so_before_the_start_is_the_baseline(tmp_path: Path) -> None:
    one = case("ill before", 80)
    one["baseline"] = {"HR": 125}
    one["timeline"] = [
        {"t_min": -5, "SBP": 80},
        {"t_min": 0, "HR": 125},
        {"t_min": 12, "HR": 96, "SBP": 118},
        {"t_min": 14, "HR": 96, "SBP": 84},
    ]

    assert only(tmp_path, one).first_abnormal_min == 14


def test_a_published_limit_makes_a_set_abnormal(tmp_path: Path) -> None:
    one = case("pressure", 80)
    one["timeline"] = [{"t_min": 10, "SBP": 150, "DBP": 90}, {"t_min": 20, "SBP": 181, "DBP": 95}]

    assert only(tmp_path, one).first_abnormal_min == 10
    one["timeline"] = [{"t_min": 10, "SBP": 124, "DBP": 76}]
    assert only(tmp_path, one).first_abnormal_min is None


def printed(path: Path, *, as_json: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run_cases(path, ward_of=StandInWard, beside=BESIDE, out=out, err=err, as_json=as_json)
    return code, out.getvalue(), err.getvalue()


def test_the_keys_are_those_that_are_documented(tmp_path: Path) -> None:
    page = ROOT.joinpath("docs", "scoring.md").read_text()
    code, out, _ = printed(published(tmp_path, case("one", 160)), as_json=True)
    found: dict[str, Any] = json.loads(out)

    assert code == 0
    for key in (
        *found,
        *found["cases"][0],
        *VOCABULARY,
        *OWN_WORDS - {"bronchodilator", "glucagon"},
    ):
        assert f"`{key}`" in page


def test_the_same_file_prints_the_same(tmp_path: Path) -> None:
    path = published(tmp_path, case("one", 160, max_grade=1, attention=False))

    assert printed(path) == printed(path)
    assert printed(path)[1].splitlines()[-2:] == [
        "- one: nobody should be called, and somebody was",
        "- one: the highest grade was 3, expected 0 to 1",
    ]


def test_what_cannot_be_read_is_named_beside_the_score(tmp_path: Path) -> None:
    path = published(tmp_path, case("one", 160, max_grade=1))
    path.write_text(path.read_text("utf-8") + "no JSON\n", encoding="utf-8")

    code, out, err = printed(path, as_json=True)

    assert code == 0
    assert json.loads(out)["remarks"]["lines left out"] == 1
    assert err.startswith(f"{path}:2: is not JSON")
    path.write_text("no JSON\n", encoding="utf-8")
    assert printed(path)[2].splitlines()[1] == f"{path}: holds no case about one patient"


def test_a_crash_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    code, out, err = printed(published(tmp_path, case("bad", 13), case("good", 160)), as_json=True)

    assert code == 1
    assert json.loads(out)["n_cases"] == 2
    at_ms = START_MS + 600_000
    assert f"crash: bad: step at {at_ms} ms: ZeroDivisionError: thirteen" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "cannot be read"), ("", "holds no case"), ("words\n", "holds no case")],
)
def test_a_file_without_cases_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "cases.jsonl"
    if text is not None:
        path.write_text(text)

    code, out, err = printed(path)

    assert (code, out) == (4, "")
    assert f"{path}: {words}" in err


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", "score", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_scores_cases(tmp_path: Path) -> None:
    done = command("cases", published(tmp_path, case("calm", 72, 74)), "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_cases"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("background", ".", "--format", "mimic3-demo", "--window", "4"), 2, "--window 4"),
        (("background", ".", "--format", "mimic3-demo", "--first", "0h"), 2, "--first 0h"),
        (("background", ".", "--format", "other"), 2, "other"),
        (("background", "none", "--format", "exam-stress"), 4, "must hold hr_1hz.csv.gz"),
        (("cases", "none.jsonl"), 4, "none.jsonl: cannot be read"),
    ],
)
def test_what_cannot_be_scored_is_named(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = command(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
