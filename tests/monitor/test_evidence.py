"""The table counts what came out, is the same every time, and survives a crash of the ward."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from monitor.facts.effects import AlertChanged, AnyEffect, Context, GradeChanged, Priority
from monitor.facts.records import Input, VitalsReported
from monitor.replay import WardOf
from monitor.study import evidence as subject
from monitor.study.evidence import report, run

CONFIG = Path(__file__).resolve().parents[2] / "config"

CASES = [
    ("calm", "vaers", 70, {"min_grade": 0, "max_grade": 1, "attention": False}),
    ("ill", "literature", 150, {"min_grade": 3, "max_grade": 4, "attention": True}),
    ("odd", "literature", 150, {"min_grade": 0, "max_grade": 1, "attention": False}),
]


class StandInWard:
    """Grades a heart rate: 3 and an alert above 120, else 0; falls over a rate of 13."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        effects: list[AnyEffect] = []
        for record in inputs:
            if isinstance(record, VitalsReported):
                rate = record.values[0].value_centi // 100
                if rate == 13:
                    raise ZeroDivisionError("thirteen")
                grade = 3 if rate > 120 else 0
                effects.append(graded(now_ms, record.bed, grade))
                if grade:
                    effects.append(alert(now_ms, record.bed, grade, "high"))
        return tuple(effects)


def graded(at_ms: int, bed: str, grade: int) -> GradeChanged:
    return GradeChanged(
        at_ms=at_ms, bed=bed, session="", grade=grade, before=0, pattern="", reasons=()
    )


def alert(at_ms: int, bed: str, grade: int, priority: Priority) -> AlertChanged:
    return AlertChanged(
        at_ms=at_ms,
        bed=bed,
        session="",
        id=f"{bed}-1",
        revision=1,
        phase="start",
        condition="active",
        signal="on",
        kind="physiological",
        priority=priority,
        cause="tachycardia",
        pattern="",
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


def published(folder: Path, cases: Sequence[tuple[str, str, int, object]] = CASES) -> Path:
    path = folder / "cases.jsonl"
    rows = [
        {
            "id": name,
            "set": group,
            "timeline": [{"t_min": 10, "HR": rate}],
            "expected": expected,
        }
        for name, group, rate, expected in cases
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def printed(path: Path, ward_of: WardOf = StandInWard, **options: bool) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = run(path, ward_of=ward_of, out=out, err=err, **options)
    return code, out.getvalue(), err.getvalue()


def test_every_source_and_group_has_a_row(tmp_path: Path) -> None:
    published(tmp_path)

    found = report(tmp_path, StandInWard, io.StringIO())

    assert [(row.source, row.sessions, row.hours) for row in found.rows] == [
        ("cases: vaers", 1, 4.7),
        ("cases: literature", 2, 9.3),
    ]
    literature = found.rows[1]
    assert literature.physiological == literature.calls == 2
    assert literature.per_patient_day == 5.14
    assert literature.alerts_by_grade == {"1": 0, "2": 0, "3": 2, "4": 0}
    assert literature.peak_grades["3"] == 2


def test_cases_are_compared_with_what_was_expected(tmp_path: Path) -> None:
    code, out, _ = printed(published(tmp_path))

    assert code == 0
    assert "Somebody was called in 1 of 1 cases that ask for it." in out
    assert "Nobody was called in 1 of 2 cases that ask for nobody." in out
    assert "The highest grade was as expected in 2 of 3 cases." in out
    assert "- odd: somebody was called" in out
    assert "- odd: grade 3, expected 0 to 1" in out


def test_markdown_is_one_table(tmp_path: Path) -> None:
    _, out, _ = printed(published(tmp_path), as_markdown=True)
    table = [line for line in out.splitlines() if line.startswith("|")]

    assert len(table) == 4
    assert {line.count("|") for line in table} == {len(subject.HEADINGS) + 1}


def test_json_holds_the_whole_report(tmp_path: Path) -> None:
    path = published(tmp_path)
    _, out, _ = printed(path, as_json=True)

    assert msgspec.json.decode(out, type=subject.Report) == report(path, StandInWard, io.StringIO())


def test_the_table_is_the_same_every_time(tmp_path: Path) -> None:
    path = published(tmp_path)

    assert printed(path) == printed(path)


def test_a_crash_is_counted_and_named_and_the_others_go_on(tmp_path: Path) -> None:
    bad: tuple[str, str, int, object] = ("bad", "vaers", 13, {})
    code, out, err = printed(published(tmp_path, [bad, *CASES]), as_json=True)
    vaers = msgspec.json.decode(out, type=subject.Report).rows[0]

    assert code == 1
    assert (vaers.sessions, vaers.crashes) == (2, 1)
    assert "crash: bad: step at 4102445400000 ms: ZeroDivisionError: thirteen" in err


@pytest.mark.parametrize("name", ["none", "empty", "notes.txt"])
def test_what_holds_no_evidence_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "empty":
        path.mkdir()
    elif name == "notes.txt":
        path.write_text("words")

    code, out, err = printed(path)

    assert (code, out) == (4, "")
    assert str(path) in err
