"""Write the results on published cases and real recordings into docs/scoring.md and README.

``python -m scripts.evidence_results FOLDER`` scores what ``make score EVIDENCE=FOLDER`` scores and
puts it between the marks of both pages, beside what was aimed at.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from monitor.adapters.icu_tables import Form
from monitor.settings.settings import Settings, load_settings
from monitor.study.cohort_trust import wilson
from monitor.study.comparison import BackgroundScore, Cut, score_background
from monitor.study.scoring import CasesScore, score_cases, yardstick
from monitor.ward.ward import Ward

ROOT: Final = Path(__file__).resolve().parents[1]
README, SCORING = ROOT / "README.md", ROOT / "docs" / "scoring.md"
BLOCK: Final = re.compile(r"(<!-- results:begin -->\n).*?(<!-- results:end -->)", re.DOTALL)

HOUR_MS: Final = 3_600_000
CUT: Final = Cut(window_ms=4 * HOUR_MS, first_ms=48 * HOUR_MS)
"""What ``score background`` takes unless it is told otherwise."""

COLLECTIONS: Final[tuple[Form, ...]] = ("mimic3-demo", "physionet2012", "eicu-demo-nibp")

ATTENTION_AIM, GRADE_AIM, FAULTS_AIM = 0.95, 0.90, 0
"""The aims of the project; that of windows is a third of the share of the rule of four."""

HEAD: Final = ("On", "Measured", "Reached (95 %)", "Aim", "Met")


def results(cases: CasesScore, backgrounds: Sequence[BackgroundScore]) -> Iterator[str]:
    """Yield the whole table."""
    yield from _table((*case_rows(cases), *(row for one in backgrounds for row in rows_of(one))))


def short_results(cases: CasesScore, backgrounds: Sequence[BackgroundScore]) -> Iterator[str]:
    """Yield the rows that have an aim, and beside those of a collection how often it calls."""
    rows = [row for row in case_rows(cases) if row[3]]
    for one in backgrounds:
        grades, calls, _ = rows_of(one)
        rows += [grades, calls] if grades[3] else []
    yield from _table(rows)


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|---|---:|---:|---|"
    yield from (line_of(row) for row in rows)


def line_of(row: Sequence[str]) -> str:
    """Return a row as it stands on a page."""
    return f"| {' | '.join(row)} |"


def case_rows(found: CasesScore) -> tuple[tuple[str, ...], ...]:
    """Return what came out on the published cases, one row a measure."""
    detectable = f"{found.n_detectable} of {found.n_cases} cases, detectable"
    every = f"{found.n_cases} cases"
    timed = f"{found.n_timed} cases with a stated time"
    right, grade = found.attention_right_detectable, found.grade_in_range
    return (
        (
            detectable,
            "attention right",
            _share(right, found.n_detectable),
            f"{ATTENTION_AIM:g}",
            _met(right, ATTENTION_AIM),
        ),
        (
            detectable,
            "the same, if every alert were a call",
            _share(found.attention_right_shown, found.n_detectable),
            "",
            "",
        ),
        (
            detectable,
            "the same, if only medium and high were",
            _share(found.attention_right_called, found.n_detectable),
            "",
            "",
        ),
        (
            every,
            "highest grade in range",
            _share(grade, found.n_cases),
            f"{GRADE_AIM:g}",
            _met(grade, GRADE_AIM),
        ),
        (
            every,
            "steps offered that would be a fault",
            str(len(found.must_not_violations)),
            str(FAULTS_AIM),
            "yes" if len(found.must_not_violations) <= FAULTS_AIM else "no",
        ),
        (every, "most urgent step offered", _number(found.first_step_offered), "", ""),
        (timed, "without any alert", str(found.n_timed_missed), "", ""),
    )


def rows_of(found: BackgroundScore) -> tuple[tuple[str, ...], ...]:
    """Return what came out on one collection, beside a third of the rule of four."""
    name = f"{found.format}, {found.windows} windows"
    naive = found.peers["any_of_four"].share_windows
    aim = None if naive is None else round(naive / 3, 4)
    met = "" if aim is None else "yes" if found.share_windows_grade2 <= aim else "no"
    return (
        (
            name,
            "windows with a grade of 2 or more",
            _number(found.share_windows_grade2),
            "" if aim is None else f"{aim:.4f}, a third of the rule of four",
            met,
        ),
        (name, "windows in which somebody is called", _number(found.share_windows_call), "", ""),
        (name, "calls a patient-hour", _number(found.calls_per_patient_hour), "", ""),
    )


def _share(value: float | None, of: int) -> str:
    interval = None if value is None else wilson(round(value * of), of)
    if value is None or interval is None:
        return "-"
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _met(value: float | None, aim: float) -> str:
    return "not known" if value is None else "yes" if value >= aim else "no"


def cases_scored(folder: Path, settings: Settings) -> CasesScore:
    """Return the score of the cases of a folder."""
    ward = settings.ward
    return score_cases(folder / "cases.jsonl", lambda unit: Ward(ward, unit=unit), yardstick(ward))


def page(text: str, made: Iterable[str]) -> str:
    """Return a page with its block of results made anew."""
    return BLOCK.sub(lambda found: found[1] + "\n".join(made) + "\n" + found[2], text)


if __name__ == "__main__":
    evidence = Path(sys.argv[1])
    in_force = load_settings(ROOT / "config")
    told = cases_scored(evidence, in_force)
    beside = [score_background(evidence, form, in_force.ward, CUT) for form in COLLECTIONS]
    for path, made in ((SCORING, results(told, beside)), (README, short_results(told, beside))):
        path.write_text(page(path.read_text(encoding="utf-8"), made), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
