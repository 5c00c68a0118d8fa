"""The name that a session bears: that of its alert at its worst, however it began and ended."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.recording import open_recording
from monitor.facts.effects import AlertChanged, Because, Condition, Context, PictureSays
from monitor.facts.severity import founded_centi, severity
from monitor.replay import replay
from monitor.reports.findings import episodes, finding
from monitor.settings.settings import load_settings
from monitor.study.cohort_heard import HeardAlert, updated
from monitor.ward.ward import Ward

ROOT = Path(__file__).resolve().parents[2]
CONDITIONS: tuple[Condition, ...] = ("pending", "active", "recovering", "ended")


def told(
    at_s: int, grade: int, pattern: str, points: int, condition: Condition = "active"
) -> AlertChanged:
    """Return an alert as it stood; without points it has no picture."""
    pictures = (
        (
            PictureSays(pattern=pattern, points_centi=points * 100, leads=True),
            PictureSays(pattern="stress", points_centi=9900),
        )
        if points
        else ()
    )
    return AlertChanged(
        at_ms=at_s * 1000,
        bed="1",
        session="S",
        id="a",
        revision=1,
        phase="end" if condition == "ended" else "update",
        condition=condition,
        signal="on",
        kind="physiological",
        priority="high",
        cause="reaction",
        pattern=pattern,
        grade=grade,
        onset_ms=0,
        raised_ms=0,
        label="",
        because=(Because(rule=f"of-{pattern}-{at_s}", sign="x", grade=1, words="", source=()),),
        context=Context(),
        grade_path=(),
        acknowledged_by="",
        acknowledged_ms=None,
        realert_ms=None,
        rulebook="",
        pictures=pictures,
    )


ANAPHYLAXIS = (
    told(0, 2, "mild-allergic", 60),
    told(60, 3, "hypotensive", 40),
    told(63, 3, "anaphylaxis", 70),
    told(300, 3, "hypotensive", 50),
    told(400, 3, "isolated-sign", 0, "recovering"),
    told(900, 2, "isolated-sign", 80, "recovering"),
    told(1200, 0, "", 0, "ended"),
)


def test_a_session_is_named_neither_by_the_first_nor_by_the_last_second_of_its_worst() -> None:
    (one,) = episodes(ANAPHYLAXIS)

    assert (one.name, one.peak.at_ms, one.peak.because[0].rule) == (
        "anaphylaxis", 63_000, "of-anaphylaxis-63",
    )  # fmt: skip
    assert finding(ANAPHYLAXIS, [one], None, 0).startswith("Suspected anaphylaxis, grade 3")
    assert one.raised_ms == 0


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        # Of equal evidence the first.
        ([told(0, 3, "febrile", 40), told(9, 3, "hypotensive", 40)], "febrile"),
        # The grade goes before the evidence.
        ([told(0, 2, "febrile", 90), told(9, 3, "hypotensive", 10)], "hypotensive"),
        # A name without a picture gives way to one with.
        ([told(0, 3, "", 0), told(9, 3, "hypotensive", 10)], "hypotensive"),
        # What eases keeps its grade and is no evidence of what it was.
        ([told(0, 3, "febrile", 40), told(9, 3, "vasovagal", 90, "recovering")], "febrile"),
        # What comes back at the same grade may be better founded.
        (
            [
                told(0, 3, "febrile", 40),
                told(9, 3, "febrile", 40, "recovering"),
                told(20, 3, "cytokine-release", 60),
            ],
            "cytokine-release",
        ),
    ],
)
def test_the_grade_goes_first_and_then_the_evidence(changes: list[AlertChanged], name: str) -> None:
    (one,) = episodes(changes)
    assert one.name == name


CHANGES = st.lists(
    st.tuples(
        st.integers(-1, 4),
        st.sampled_from(("", "febrile", "anaphylaxis", "hypotensive")),
        st.integers(0, 3),
        st.sampled_from(CONDITIONS),
    ),
    min_size=1,
    max_size=8,
)


@given(CHANGES)
def test_page_and_score_take_the_same_name(rows: list[tuple[int, str, int, Condition]]) -> None:
    changes = [
        told(at, grade, pattern, points * 10, condition)
        for at, (grade, pattern, points, condition) in enumerate(rows)
    ]
    heard: HeardAlert | None = None
    for one in changes:
        heard = updated(heard, one)
    (found,) = episodes(changes)
    assert heard is not None
    assert (heard.pattern, heard.grade) == (found.peak.pattern, found.peak.grade)
    assert heard.points_centi == founded_centi(found.peak)
    assert severity(found.peak) == max(map(severity, changes))


def test_the_recorded_anaphylaxis_is_named_so_by_its_best_evidence() -> None:
    settings = load_settings(ROOT / "config")
    recording = open_recording(ROOT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz")
    ward = Ward(settings.ward, unit=recording.unit)
    effects = [one for _, told_ in replay(recording.steps, ward) for one in told_]
    reaction = next(one for one in episodes(effects) if one.peak.kind == "physiological")
    worst = [
        one
        for one in effects
        if isinstance(one, AlertChanged) and one.id == reaction.peak.id and one.grade == 3
    ]
    assert reaction.name == "anaphylaxis"
    assert founded_centi(reaction.peak) == max(founded_centi(one) or 0 for one in worst)
