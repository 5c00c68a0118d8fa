"""Published rule books beside the active one: what they are made of, and what they can say.

A book is of one of two kinds. The rows of `criteria` are about signs; one that holds gives its
sign a grade, or only says that the criterion is met. The rows of a `score` are about parameters;
the highest points of each parameter are added. Books differ from the active one in what they
may ask for (age, oxygen, consciousness, how long something has lasted) and in that they may
leave a value undecided, or a person unmentioned, and then must not be made to say anything.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

from detectors.channels import Channel
from detectors.rulebook import Clause, Comparison

BookKind: TypeAlias = Literal["criteria", "score"]
Subject: TypeAlias = Literal["age", "oxygen", "consciousness", "baseline"]


class Consciousness(IntEnum):
    """How awake a person is, on the scale that the scores share, in hundredths of its steps."""

    ALERT = 0
    CONFUSED = 50
    """New confusion. Some scores know it and some do not, so it lies between two steps."""
    VOICE = 100
    PAIN = 200
    UNRESPONSIVE = 300


class Says(IntEnum):
    """What a book says about a person; of several parts, the highest is what the whole says."""

    NO = 0
    NOT_APPLICABLE = 1
    """It does not speak of persons of this age."""
    NOT_ASSESSABLE = 2
    """Something that would decide is not known, or (in a score) not measured."""
    UNDEFINED = 3
    """It leaves exactly this value undecided."""
    YES = 4


class Truth(IntEnum):
    """What is known of one row."""

    FALSE = 0
    UNKNOWN = 1
    WAITING = 2
    """All holds, but not yet for as long as the row asks."""
    TRUE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must be so about a person for a row to hold.

    Attributes
    ----------
    subject : str
        ``age``, ``oxygen`` (0 is room air, 1 any oxygen), ``consciousness``, or the ``baseline``
        of a channel itself.
    comparison : str
    limit_centi : int
        In hundredths: of a year; of 1; of a step (:class:`Consciousness`); of the unit of
        ``channel``.
    channel : Channel, optional
        Whose baseline.
    """

    subject: Subject
    comparison: Comparison
    limit_centi: int
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One row of a book: it holds when all its clauses and conditions hold.

    Attributes
    ----------
    id : str
    sign : str
        What it is about: a sign, or a parameter of a score.
    clauses : tuple of Clause
    source : tuple of str
    note : str
    conditions : tuple of Condition
        Whether a row speaks of somebody is decided by those about the age.
    grade : int
        As published, 1 to 4; 0 where the book only says that the criterion is met.
    points : int
        Of a score.
    lasting_ms, lasting_comparison : int, str
        How long it must have held: at least (``>=``) or for longer (``>``).
    undefined : bool
        Where it holds, the book does not say what is so.
    unless_baseline : bool
        It holds only while the channel of its first clause has no baseline.
    """

    id: str
    sign: str
    clauses: tuple[Clause, ...]
    source: tuple[str, ...]
    note: str = ""
    conditions: tuple[Condition, ...] = ()
    grade: int = 0
    points: int = 0
    lasting_ms: int = 0
    lasting_comparison: Comparison = ">="
    undefined: bool = False
    unless_baseline: bool = False

    @property
    def channels(self) -> tuple[int, ...]:
        """Columns of the channels whose readings decide about the row."""
        return tuple(sorted({channel for one in self.clauses for channel in one.channels}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a score asks for from a total on, or from the points of one parameter on.

    Attributes
    ----------
    words : str
    urgent : bool
        Somebody is called; reaching it is the score's "yes".
    source : tuple of str
    least_points, least_single : int or None
        Reached by the total, or by one parameter alone.
    """

    words: str
    urgent: bool
    source: tuple[str, ...]
    least_points: int | None = None
    least_single: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A named, numbered set of rows of one publication.

    Attributes
    ----------
    name : str
    version : int
        Ours, of the table; the publication's is in the name.
    title : str
    kind : str
    rows : tuple of BookRow
    cannot_see : str
        What it asks for and vital signs do not show. Never assumed either way.
    conditions : tuple of Condition
        Of whom the whole book speaks.
    step_centi : tuple of int
        What the values of each channel are rounded to before they are judged (half up);
        empty: they are judged as measured.
    unseen : tuple of str
        Parameters of a score that no row judges, so that its total is always a lower bound.
    responses : tuple of Response
        Of a score, rising.
    on_request : bool
        It speaks of nobody unless a clinician has asked for it.
    """

    name: str
    version: int
    title: str
    kind: BookKind
    rows: tuple[BookRow, ...]
    cannot_see: str = ""
    conditions: tuple[Condition, ...] = ()
    step_centi: tuple[int, ...] = ()
    unseen: tuple[str, ...] = ()
    responses: tuple[Response, ...] = ()
    on_request: bool = False

    @property
    def signs(self) -> tuple[str, ...]:
        """What its rows are about, in order of first appearance."""
        return tuple(dict.fromkeys(row.sign for row in self.rows))
