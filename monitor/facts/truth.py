"""The truth of a simulated session: what happened to the person, which no monitor is told.

A simulator writes it beside what the devices sent; a score lays what the monitor said beside it.
In a file it is one session a line. Times are milliseconds since the Unix epoch.
"""

from typing import Literal, TypeAlias

import msgspec

NurseKind: TypeAlias = Literal["follows", "delays", "ignores", "none"]
"""What a simulated nurse does with the steps: takes them, late, not at all; or there is none."""


class TrueEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reaction as it was: when it began, was worst and ended, and how bad it was.

    ``pattern`` is a picture of the patterns' table, ``grade`` the worst it came to (1 to 4),
    ``peak_ms`` when it was of that grade and nine tenths of its worst were reached,
    ``charted_ms`` when somebody first wrote down a sign of it, None where nobody did,
    ``grade3_ms`` when it first was of grade 3 or worse, None where it never was.
    """

    pattern: str
    grade: int
    onset_ms: int
    peak_ms: int
    end_ms: int | None = None
    recurrence: bool = False
    charted_ms: int | None = None
    grade3_ms: int | None = None


class TrueConfounder(msgspec.Struct, frozen=True, kw_only=True):
    """Something that moved the numbers and was no reaction: a needle, sleep, another arm."""

    kind: str
    from_ms: int
    until_ms: int


class TrueSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session as it was; ``events`` is empty for one in which nothing happened."""

    bed: str
    session: str
    start_ms: int
    """When the drug began to flow."""
    end_ms: int
    """When the recording of the session ends."""
    events: tuple[TrueEvent, ...] = ()
    unobserved: tuple[TrueEvent, ...] = ()
    """What came after the recording had ended, so that nobody could find or miss it."""
    age_years: int | None = None
    weight_kg: float | None = None
    product: str = ""
    first_dose: bool = False
    beta_blocker: bool = False
    nurse: NurseKind = "none"
    faults: tuple[str, ...] = ()
    phenotype: str = ""
    """The kind of reaction that was drawn; its pattern is what the monitor should name."""
    confounders: tuple[TrueConfounder, ...] = ()
    must_not: tuple[str, ...] = ()
    """Steps that would be a fault at any time of the session, in the words of the scores."""
    subject: str = ""
    """The pseudonym of the person; in a cohort only the recording names it."""
    breakdowns: tuple[TrueConfounder, ...] = ()
    """When which of the ``faults`` struck the devices at the bed, where that was written down."""
    seed: int | None = None
    """What the chance of its ward was drawn from; the same seed makes the same ward again."""
    planned: bool = False
    """The story is not told yet, or whoever told it was killed: what came of it is not known."""
