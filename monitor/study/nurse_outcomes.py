"""Outcomes by nurse: the same people attended four times, and what became of them.

Who follows, delays or ignores the steps reads them on this monitor; who looks has no monitor and
sees the person. What is counted is the truth of the simulator over the same span of time for all
four, whether anybody was still there or not; nothing here decides anything.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, Literal, TypeAlias

import msgspec

from monitor.study.cohort_found import ratio

Attended: TypeAlias = Literal["follows", "delays", "ignores", "looks"]
NURSES: Final[tuple[Attended, ...]] = ("follows", "delays", "ignores", "looks")
"""Who follows, delays or ignores what the monitor says, and who looks at the person alone."""

FOLLOWS: Final = "follows"
IGNORES: Final = "ignores"
ALL: Final = "all sessions"
GRAVE: Final = 3


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one person under one nurse; times are seconds, shares are of what was ordered.

    ``left`` is the share of the volume that had not run in at the end of the span; it is
    ``completed`` where all had, and ``running`` where the pump still ran. ``returned`` counts the
    spells of the reaction after the first, ``returned_restarted`` those of them that began after
    the infusion had been restarted. ``epinephrine`` counts doses, which were ``misplaced`` where
    the truth says that they were a fault. ``waited_ms`` are the times from an offer to its deed.
    """

    bed: str
    nurse: Attended
    kind: str
    peak_grade: int
    grave_s: int
    reaction_s: int
    grade_s: int
    """The true grade summed over all seconds: what relieves a long reaction shows here."""
    left: float
    completed: bool
    running: bool
    epinephrine: int = 0
    misplaced: bool = False
    returned: int = 0
    returned_restarted: int = 0
    offered: int = 0
    done: int = 0
    waited_ms: tuple[int, ...] = ()
    asked: int = 0
    measured: int = 0
    refused: tuple[str, ...] = ()
    contradicted: tuple[tuple[str, str], ...] = ()
    """Deeds and the steps that were offered in answer to them and go against them."""


class NurseRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the people of one kind under one nurse; means are a session."""

    kind: str
    nurse: Attended
    sessions: int
    peak_grades: tuple[int, int, int, int, int]
    """Sessions by their worst true grade, 0 to 4."""
    peak_grade: float
    grave_min: float
    """Minutes at a true grade of 3 or more."""
    grave_change_min: float
    """The same less what it is under who ignores; below 0 is better."""
    grave_worse: int
    """Sessions with more such minutes than under who ignores."""
    reaction_min: float
    grade_min: float
    """The true grade summed over minutes."""
    completed: float
    running: float
    left: float
    epinephrine_sessions: int
    epinephrine_misplaced: int
    returned: int
    returned_restarted: int


class DeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one nurse was told and did over all sessions."""

    nurse: Attended
    offered: int
    done: int
    minutes_to_deed: float | None
    asked: int
    measured: int
    refused: int


class Contradicted(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was offered in answer to a deed and goes against it."""

    ward: str
    bed: str
    nurse: Attended
    deed: str
    step: str


class NurseOutcomes(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of a study."""

    sessions: int
    hours: float
    seed: int
    rows: tuple[NurseRow, ...]
    """By kind of reaction and nurse; the first kind is all sessions."""
    deeds: tuple[DeedRow, ...]
    contradictions: tuple[Contradicted, ...]
    refusals: tuple[str, ...]
    """Entries that the monitor refused, each reason once."""
    digest: str = ""


class WardLived(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one ward under all nurses."""

    ward: str
    sessions: tuple[Lived, ...]


def outcomes_of(
    wards: Sequence[WardLived], *, hours: float, seed: int, digest: str = ""
) -> NurseOutcomes:
    """Return the outcomes of wards, each of whose beds was lived under every nurse."""
    everybody = [(ward.ward, one) for ward in wards for one in ward.sessions]
    kinds = (ALL, *sorted({one.kind for _, one in everybody}))
    untreated = {(ward, one.bed): one for ward, one in everybody if one.nurse == IGNORES}
    return NurseOutcomes(
        sessions=len(untreated),
        hours=hours,
        seed=seed,
        rows=tuple(
            _row(
                kind,
                nurse,
                [
                    (one, untreated[ward, one.bed])
                    for ward, one in everybody
                    if one.nurse == nurse and kind in (ALL, one.kind)
                ],
            )
            for kind in kinds
            for nurse in NURSES
        ),
        deeds=tuple(
            _deeds(nurse, [one for _, one in everybody if one.nurse == nurse]) for nurse in NURSES
        ),
        contradictions=tuple(
            Contradicted(ward=ward, bed=one.bed, nurse=one.nurse, deed=deed, step=step)
            for ward, one in everybody
            for deed, step in one.contradicted
        ),
        refusals=tuple(sorted({reason for _, one in everybody for reason in one.refused})),
        digest=digest,
    )


def _row(kind: str, nurse: Attended, people: Sequence[tuple[Lived, Lived]]) -> NurseRow:
    """Return what became of people, each beside what becomes of them if nobody does anything."""
    n = len(people)
    found = [one for one, _ in people]
    peaks = Counter(one.peak_grade for one in found)
    changes_s = [one.grave_s - bare.grave_s for one, bare in people]
    return NurseRow(
        kind=kind,
        nurse=nurse,
        sessions=n,
        peak_grades=(peaks[0], peaks[1], peaks[2], peaks[3], peaks[4]),
        peak_grade=round(sum(one.peak_grade for one in found) / n, 3),
        grave_min=_minutes(sum(one.grave_s for one in found), n),
        grave_change_min=_minutes(sum(changes_s), n),
        grave_worse=sum(change > 0 for change in changes_s),
        reaction_min=_minutes(sum(one.reaction_s for one in found), n),
        grade_min=_minutes(sum(one.grade_s for one in found), n),
        completed=ratio(sum(one.completed for one in found), n) or 0.0,
        running=ratio(sum(one.running for one in found), n) or 0.0,
        left=round(sum(one.left for one in found) / n, 4),
        epinephrine_sessions=sum(one.epinephrine > 0 for one in found),
        epinephrine_misplaced=sum(one.misplaced for one in found),
        returned=sum(one.returned for one in found),
        returned_restarted=sum(one.returned_restarted for one in found),
    )


def _minutes(seconds: int, n: int) -> float:
    return round(seconds / 60 / n, 2)


def _deeds(nurse: Attended, people: Sequence[Lived]) -> DeedRow:
    waited_ms = [waited for one in people for waited in one.waited_ms]
    return DeedRow(
        nurse=nurse,
        offered=sum(one.offered for one in people),
        done=sum(one.done for one in people),
        minutes_to_deed=round(median(waited_ms) / 60_000, 2) if waited_ms else None,
        asked=sum(one.asked for one in people),
        measured=sum(one.measured for one in people),
        refused=sum(len(one.refused) for one in people),
    )


def lines(found: NurseOutcomes) -> Iterator[str]:
    """Yield the outcomes as Markdown."""
    yield (
        f"{found.sessions} people, each attended four times over {found.hours:g} h, seed "
        f"{found.seed}; digest {found.digest}"
    )
    yield ""
    yield f"Each cell: under who {' / '.join(NURSES)}."
    yield ""
    yield (
        "| Reaction | People | Worst true grade, mean | min at grade 3-4 | People with more "
        "of them than if ignored | min of reaction | grade x min | % complete | % running | "
        "% of volume left | "
        "Epinephrine | where a fault | Came back | after a restart |"
    )
    yield f"|---|{'---:|' * 13}"
    for kind in dict.fromkeys(row.kind for row in found.rows):
        yield _kind_line([row for row in found.rows if row.kind == kind])
    yield ""
    yield (
        "| Nurse | Sessions by worst grade 0/1/2/3/4 | Steps offered | done | Median min from "
        "offer to deed | Values asked for | measured | Entries refused |"
    )
    yield f"|---|{'---:|' * 7}"
    worst = {row.nurse: row.peak_grades for row in found.rows if row.kind == ALL}
    yield from (_deed_line(row, worst[row.nurse]) for row in found.deeds)
    yield ""
    yield f"Steps offered in answer to a deed that they contradict: {len(found.contradictions)}."
    for one in found.contradictions:
        yield f"* {one.ward} bed {one.bed}, {one.nurse}: {one.step} after {one.deed}"


def _kind_line(rows: Sequence[NurseRow]) -> str:
    """Return the line of one kind: in each cell the four nurses beside each other."""
    columns = (
        [f"{row.peak_grade:.2f}" for row in rows],
        [f"{row.grave_min:.1f}" for row in rows],
        [str(row.grave_worse) for row in rows],
        [f"{row.reaction_min:.0f}" for row in rows],
        [f"{row.grade_min:.0f}" for row in rows],
        [f"{100 * row.completed:.0f}" for row in rows],
        [f"{100 * row.running:.0f}" for row in rows],
        [f"{100 * row.left:.0f}" for row in rows],
        [str(row.epinephrine_sessions) for row in rows],
        [str(row.epinephrine_misplaced) for row in rows],
        [str(row.returned) for row in rows],
        [str(row.returned_restarted) for row in rows],
    )
    cells = (rows[0].kind, str(rows[0].sessions), *(" / ".join(cell) for cell in columns))
    return f"| {' | '.join(cells)} |"


def _deed_line(row: DeedRow, worst: Sequence[int]) -> str:
    waited = "-" if row.minutes_to_deed is None else f"{row.minutes_to_deed:.1f}"
    peaks = "/".join(map(str, worst))
    cells = (peaks, row.offered, row.done, waited, row.asked, row.measured, row.refused)
    return f"| {row.nurse} | {' | '.join(map(str, cells))} |"
