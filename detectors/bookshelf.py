"""All side books of a ward, with what their rows with a duration remember of each bed.

"Persisting for more than an hour" cannot be read off the newest values. The shelf therefore
follows the beds reading by reading, in order of arrival, as confirmation does: a run begins with
the first reading for which a row holds and breaks with the first for which it does not, measured
times decide, and one reading alone lasts for nothing. Everything else is judged only when
somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.ages import UNDER_ONE
from detectors.book_table import BookTable, book_table
from detectors.book_verdicts import BookVerdicts, judged_books, unknown_facts
from detectors.books import Book, BookRow, Truth
from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Int8, Int32, Int64
from detectors.confirmation import LEAST_READINGS
from detectors.detection import Detection
from detectors.quiet import rows_with
from detectors.rounds import Findings
from detectors.rulebook import linear_form
from detectors.spans import picked, span


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTrack:
    """Unbroken runs of the rows with a duration.

    Attributes
    ----------
    since_ms : int64 array, shape (bed, row with a duration)
        When the run began; NEVER where there is none.
    newest_ms : int64 array, shape (bed, row with a duration)
        Its newest reading; NEVER where there is none.
    readings : int8 array, shape (bed, row with a duration)
        Readings of the run, counted up to ``LEAST_READINGS``.
    """

    since_ms: Int64
    newest_ms: Int64
    readings: Int8

    @classmethod
    def fresh(cls, n_beds: int, n_rows: int) -> "BookTrack":
        """Return the track of beds about which nothing is known yet."""
        return cls(
            since_ms=np.full((n_beds, n_rows), NEVER, np.int64),
            newest_ms=np.full((n_beds, n_rows), NEVER, np.int64),
            readings=np.zeros((n_beds, n_rows), np.int8),
        )

    def rows(self, bed: Int32) -> "BookTrack":
        """Return a copy of the track of some beds."""
        return BookTrack(
            since_ms=self.since_ms[bed],
            newest_ms=self.newest_ms[bed],
            readings=self.readings[bed],
        )

    def put(self, bed: Int32, rows: "BookTrack") -> None:
        """Write the track of some beds back."""
        self.since_ms[bed] = rows.since_ms
        self.newest_ms[bed] = rows.newest_ms
        self.readings[bed] = rows.readings


def continued(track: BookTrack, *, holds: Bool, measured_ms: Int64, fresh: Bool) -> BookTrack:
    """Return the track after one reading of each fresh row.

    Parameters
    ----------
    track : BookTrack
        Before the reading; not changed.
    holds : bool array, shape (bed, row with a duration)
        The row holds for the reading, its duration aside.
    measured_ms : int64 array, shape (bed, row with a duration)
        When what it reads was measured.
    fresh : bool array, shape (bed, row with a duration)
        What it reads was read in this round; elsewhere nothing changes.

    Returns
    -------
    BookTrack
    """
    begun_ms = np.where(track.since_ms == NEVER, measured_ms, track.since_ms)
    counted = np.minimum(track.readings + 1, LEAST_READINGS)
    return BookTrack(
        since_ms=np.where(fresh, np.where(holds, begun_ms, NEVER), track.since_ms),
        newest_ms=np.where(fresh, np.where(holds, measured_ms, NEVER), track.newest_ms),
        readings=np.where(fresh, np.where(holds, counted, 0), track.readings).astype(np.int8),
    )


def lasted(table: BookTable, track: BookTrack) -> Bool:
    """Where runs have gone on for as long as their rows ask.

    Parameters
    ----------
    table : BookTable
        Whose rows they are.
    track : BookTrack

    Returns
    -------
    bool array, shape (bed, row with a duration)
    """
    for_ms = track.newest_ms - np.where(track.since_ms == NEVER, track.newest_ms, track.since_ms)
    enough: Bool = (track.readings >= LEAST_READINGS) & (for_ms >= table.least_ms)
    return enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One plain level of each row with a duration, without which the row cannot hold.

    Almost no bed is beyond any of them, so almost no bed has to be judged as it is followed.

    Attributes
    ----------
    channel : int64 array, shape (row with a duration,)
    weight : int64 array, shape (row with a duration,)
        1 or -1; 0 for a row without a plain level, which is always looked at.
    threshold : int64 array, shape (row with a duration,)
        The row can hold where ``weight * value`` is at least this.
    """

    channel: Int64
    weight: Int64
    threshold: Int64

    @classmethod
    def of(cls, rows: Sequence[BookRow]) -> "Gate":
        """Return the gate of some rows."""
        found = [_plain_level(row) for row in rows]
        channel, weight, threshold = np.array(found, np.int64).reshape(-1, 3).T
        return cls(channel=channel, weight=weight, threshold=threshold)

    def reached(self, value_centi: Int32) -> Bool:
        """Where a row may hold.

        Parameters
        ----------
        value_centi : int32 array, shape (bed, channel)
            Where one is MISSING the answer means nothing: such a row does not hold.

        Returns
        -------
        bool array, shape (bed, row with a duration)
        """
        reached: Bool = self.weight * value_centi[:, self.channel] >= self.threshold
        return reached


def _plain_level(row: BookRow) -> tuple[int, int, int]:
    """Return channel, weight and threshold of a row's first plain level; nothing if it has none."""
    for clause in row.clauses:
        if clause.basis == "level" and clause.quantity is None and not clause.per_year_centi:
            form, threshold = linear_form(clause)
            return int(clause.channel), form[clause.channel], threshold
    return 0, 0, 0


class Bookshelf:
    """The side books of all beds.

    Attributes
    ----------
    table : BookTable
        All books, ready to be judged.
    watched : BookTable or None
        Their rows with a duration alone; None where no book has any.
    gate : Gate
        Which beds need to be looked at for those rows.
    track : BookTrack
        Memory of those rows, in the order of ``table.lasting``.
    """

    def __init__(self, books: Sequence[Book], n_beds: int) -> None:
        self.table = book_table(books)
        rows = [self.table.rows[index] for index in self.table.lasting]
        parts = [replace(book, rows=tuple(r for r in book.rows if r in rows)) for book in books]
        parts = [book for book in parts if book.rows]
        self.watched = book_table(parts) if parts else None
        self.gate = Gate.of(rows)
        self.reads = np.zeros((len(rows), N_CHANNELS), np.bool_)
        for index, row in enumerate(rows):
            self.reads[index, list(row.channels)] = True
        self.track = BookTrack.fresh(n_beds, len(rows))

    def grow(self, n_beds: int) -> None:
        """Make room for more beds; existing rows are kept."""
        wider = BookTrack.fresh(n_beds, len(self.reads))
        wider.put(np.arange(len(self.track.readings), dtype=np.int32), self.track)
        self.track = wider

    def clear(self, bed: int) -> None:
        """Forget everything about one bed, as when another session begins there."""
        self.track.put(np.array([bed], np.int32), BookTrack.fresh(1, len(self.reads)))

    def swap(self, first: int, second: int) -> None:
        """Exchange everything about two beds."""
        here, there = np.array([first, second], np.int32), np.array([second, first], np.int32)
        self.track.put(here, self.track.rows(there))

    def take(self, detection: Detection, found: Findings) -> None:
        """Follow the beds of a round that a detection has just taken."""
        if self.watched is None:
            return
        # Most beds are near no limit, which is found sooner than what was heard of them.
        at = span(found.bed)
        near = self.gate.reached(picked(detection.value_centi, at))
        near |= picked(self.track.readings, at) > 0
        some = np.flatnonzero(rows_with(near) & picked(detection.judging, at))
        fresh = found.heard[some] @ self.reads.T
        look = rows_with(fresh & near[some])
        if not look.any():
            return
        bed, fresh = found.bed[some[look]], fresh[look]
        everything = np.ones((len(bed), len(self.reads)), np.bool_)
        judged = self._judged(self.watched, detection, bed, everything)
        measured_ms = np.where(self.reads, detection.measured_ms[bed][:, None, :], NEVER)
        self.track.put(
            bed,
            continued(
                self.track.rows(bed),
                holds=judged.truth == Truth.TRUE,
                measured_ms=measured_ms.max(axis=-1),
                fresh=fresh,
            ),
        )

    def verdicts(
        self, detection: Detection, bed: Int32, fact_centi: Int32 | None = None
    ) -> BookVerdicts:
        """Return what all books say about some beds as they stand.

        Parameters
        ----------
        detection : Detection
            The state.
        bed : int32 array, shape (row,)
            Rows of the beds.
        fact_centi : int32 array, shape (row, fact), optional
            Oxygen and consciousness in hundredths; left out where nobody has charted them.

        Returns
        -------
        BookVerdicts
        """
        return self._judged(
            self.table, detection, bed, lasted(self.table, self.track.rows(bed)), fact_centi
        )

    @staticmethod
    def _judged(
        table: BookTable,
        detection: Detection,
        bed: Int32,
        so_long: Bool,
        fact_centi: Int32 | None = None,
    ) -> BookVerdicts:
        age_ms = detection.at_ms[bed][:, None] - detection.measured_ms[bed]
        valid = age_ms <= detection.params.valid_ms
        return judged_books(
            table,
            np.where(valid, detection.value_centi[bed], MISSING).astype(np.int32),
            detection.baseline_centi[bed],
            _known_age(detection.age_centi[bed]),
            unknown_facts(len(bed)) if fact_centi is None else fact_centi,
            so_long,
        )


def _known_age(age_centi: Int32) -> Int32:
    """Ages that a book may use: 0 years without months may be any month."""
    return np.where(age_centi == UNDER_ONE, MISSING, age_centi).astype(np.int32)
