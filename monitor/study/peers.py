"""Peers: the simple rules that others use, on the same data, to compare with.

Nothing here decides anything at a bed. The early warning scores are read from the site's tables
of published books; the other limits are those of rules that anybody would try first, and stand
in the code because they are facts about other people's rules and no setting of this program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.book_table import BookTable, book_table
from detectors.book_verdicts import judged_books, unknown_facts
from detectors.books import Book, Truth
from detectors.channels import CENTI, MISSING, N_CHANNELS, Bool, Channel, Int8, Int32, Int64
from monitor.facts.windows import Sets, ranked

NEWS: Final = "news2"
MEWS: Final = "mews-subbe"
NUMERIC: Final = "vitals-numeric"
"""Names of the published books that are used."""

ADULT_CENTI: Final = 5_000
"""Scores are for adults, and applied to everybody as if they were one."""

HIGH_RATE: Final = 120 * CENTI
LOW_PRESSURE: Final = 90 * CENTI
LOW_SATURATION: Final = 90 * CENTI
FEVER: Final = 38 * CENTI
RATE_RISE: Final = 30 * CENTI
PRESSURE_DROP: Final = 30 * CENTI
FEVER_RISE: Final = CENTI
SUSTAINED_MS: Final = 59_000
"""From the first to the last of sixty readings, one a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One rule: its key in the output, its words, the channels and the book that it needs."""

    key: str
    words: str
    needs: tuple[Channel, ...]
    book: str = ""


HR, SBP, TEMP, SPO2, RR = Channel.HR, Channel.SBP, Channel.TEMP, Channel.SPO2, Channel.RR

PEERS: Final = (
    Peer(key="sbp_below_90", words="SBP < 90", needs=(SBP,)),
    Peer(key="sbp_drop_30", words="SBP drop >= 30", needs=(SBP,)),
    Peer(key="hr_120", words="HR >= 120", needs=(HR,)),
    Peer(key="hr_rise_30", words="HR rise >= 30", needs=(HR,)),
    Peer(key="fever_rise_1", words="T rise >= 1 and >= 38", needs=(TEMP,)),
    Peer(key="spo2_below_90", words="SpO2 < 90", needs=(SPO2,)),
    Peer(
        key="any_of_four",
        words="any of: drop 30, HR +30, fever rise, SpO2 < 90",
        needs=(SBP, HR, TEMP, SPO2),
    ),
    Peer(
        key="news_5",
        words="NEWS >= 5, no O2, no consciousness",
        needs=(RR, SBP, HR),
        book=NEWS,
    ),
    Peer(
        key="news_7",
        words="NEWS >= 7, no O2, no consciousness",
        needs=(RR, SBP, HR),
        book=NEWS,
    ),
    Peer(
        key="mews_5",
        words="MEWS >= 5, no consciousness",
        needs=(RR, SBP, HR),
        book=MEWS,
    ),
    Peer(key="shock_index_0_9", words="shock index >= 0.9", needs=(HR, SBP)),
    Peer(key="shock_index_above_1", words="shock index > 1.0", needs=(HR, SBP)),
)

SUSTAINED_RISE: Final = Peer(
    key="hr_rise_30_for_60s", words="HR +30 over the first 5 min for 60 s", needs=(HR,)
)
KEYS: Final = tuple(peer.key for peer in PEERS)
ANY_OF_FOUR: Final = KEYS.index("any_of_four")
FOUR: Final = tuple(
    KEYS.index(key) for key in ("sbp_drop_30", "hr_rise_30", "fever_rise_1", "spo2_below_90")
)


def tables_of(books: Sequence[Book]) -> Mapping[str, BookTable]:
    """Return the published books that are used, each as a table by its name."""
    wanted = (NEWS, MEWS, NUMERIC)
    return {book.name: book_table((book,)) for book in books if book.name in wanted}


def points(table: BookTable | None, value_centi: Int32) -> Int8:
    """Return the points of a score, shape (row,).

    What a set lacks gets none, and neither do oxygen and consciousness.
    """
    if table is None:
        return np.zeros(len(value_centi), np.int8)
    n_rows = len(value_centi)
    verdicts = judged_books(
        table,
        value_centi,
        np.full_like(value_centi, MISSING),
        np.full(n_rows, ADULT_CENTI, np.int32),
        unknown_facts(n_rows),
        np.ones((n_rows, len(table.lasting)), np.bool_),
    )
    return verdicts.points[:, 0]


def single_signs(value_centi: Int32, baseline_centi: Int32) -> Bool:
    """Where one set of vitals breaks the rules about one sign, shape (row, rule).

    In the order of :data:`PEERS`, up to the last that needs no score.
    """
    value, base = value_centi.astype(np.int64), baseline_centi.astype(np.int64)
    known = value_centi != MISSING
    both = known & (baseline_centi != MISSING)
    rise = value - base
    low = known[:, SBP] & (value[:, SBP] < LOW_PRESSURE)
    drop = both[:, SBP] & (-rise[:, SBP] >= PRESSURE_DROP)
    fast = known[:, HR] & (value[:, HR] >= HIGH_RATE)
    faster = both[:, HR] & (rise[:, HR] >= RATE_RISE)
    fever = both[:, TEMP] & (rise[:, TEMP] >= FEVER_RISE) & (value[:, TEMP] >= FEVER)
    hypoxia = known[:, SPO2] & (value[:, SPO2] < LOW_SATURATION)
    return np.stack([low, drop, fast, faster, fever, hypoxia, drop | faster | fever | hypoxia], 1)


def scores(tables: Mapping[str, BookTable], value_centi: Int32) -> Bool:
    """Where one set of vitals breaks the rules about scores, shape (row, rule).

    In the order of :data:`PEERS`, from the first that is a score.
    """
    news, mews = (points(tables.get(name), value_centi) for name in (NEWS, MEWS))
    rate, pressure = (value_centi[:, channel].astype(np.int64) for channel in (HR, SBP))
    known = (rate != MISSING) & (pressure != MISSING) & (pressure > 0)
    rules = (
        news >= 5,  # noqa: PLR2004 - the published response levels
        news >= 7,  # noqa: PLR2004 - the published response levels
        mews >= 5,  # noqa: PLR2004 - the published response level
        known & (10 * rate >= 9 * pressure),
        known & (rate > pressure),
    )
    return np.stack(rules, axis=1)


def abnormal(
    tables: Mapping[str, BookTable], value_centi: Int32, baseline_centi: Int32, age_centi: Int32
) -> Bool:
    """Whether a set of vitals is abnormal to anybody, shape (row,).

    To :func:`single_signs`, or to any row of the published table of numeric limits.
    """
    found: Bool = np.any(single_signs(value_centi, baseline_centi), axis=1)
    table = tables.get(NUMERIC)
    if table is None:
        return found
    n_rows = len(value_centi)
    lasted = np.ones((n_rows, len(table.lasting)), np.bool_)
    facts = unknown_facts(n_rows)
    truth = judged_books(table, value_centi, baseline_centi, age_centi, facts, lasted).truth
    found |= np.any(truth == Truth.TRUE, axis=1)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCounts:
    """What the peers did on windows.

    Attributes
    ----------
    alerted : bool array, shape (window, rule)
        The rule held at least once within the window.
    begun : int64 array, shape (rule,)
        How often it began to hold.
    """

    alerted: Bool
    begun: Int64


def peer_counts(sets: Sets, n_windows: int, tables: Mapping[str, BookTable]) -> PeerCounts:
    """Apply every peer to every set of every window.

    The baseline of each channel is its last value before the window.
    """
    baseline = np.full((n_windows, N_CHANNELS), MISSING, np.int32)
    alerted = np.zeros((n_windows, len(PEERS)), np.bool_)
    standing = alerted.copy()
    begun = np.zeros(len(PEERS), np.int64)
    for rows in ranked(sets):
        window, value = sets.window[rows], sets.value_centi[rows]
        within = sets.since_ms[rows] >= 0
        known = (value != MISSING) & ~within[:, None]
        baseline[window] = np.where(known, value, baseline[window])
        window, value = window[within], value[within]
        signs = single_signs(value, baseline[window])
        now = np.concatenate([signs, scores(tables, value)], axis=1)
        before_now = standing[window]
        after = _standing(now, before_now, value)
        begun += (after & ~before_now & now).sum(axis=0)
        standing[window] = after
        alerted[window] |= now
    return PeerCounts(alerted=alerted, begun=begun)


def _standing(now: Bool, before: Bool, value_centi: Int32) -> Bool:
    """Return which rules stand: a sign whose channel was not read stands as it did."""
    after = now.copy()
    for index, peer in enumerate(PEERS):
        if len(peer.needs) == 1:
            read = value_centi[:, peer.needs[0]] != MISSING
            after[:, index] = np.where(read, now[:, index], before[:, index])
    after[:, ANY_OF_FOUR] = after[:, FOUR].any(axis=1)
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseCounts:
    """How often a heart rate stayed high, and for how long it was watched.

    Attributes
    ----------
    begun : int64 array, shape (window,)
    watched_ms : int64 array, shape (window,)
        From the beginning of the window to its last reading.
    """

    begun: Int64
    watched_ms: Int64


def sustained_rises(sets: Sets, n_windows: int) -> RiseCounts:
    """Count how often a heart rate stays 30 above its baseline for a minute.

    The baseline is the median before the window. A rise counts once, when it has lasted a
    minute of readings without a gap that a reading below would make.
    """
    begun, watched_ms = (np.zeros(n_windows, np.int64) for _ in range(2))
    rate = sets.value_centi[:, HR].astype(np.int64)
    for window in range(n_windows):
        mine = np.flatnonzero((sets.window == window) & (sets.value_centi[:, HR] != MISSING))
        since_ms, value = sets.since_ms[mine], rate[mine]
        before, after = value[since_ms < 0], value[since_ms >= 0]
        since_ms = since_ms[since_ms >= 0]
        if not len(after):
            continue
        watched_ms[window] = since_ms[-1]
        if not len(before):
            continue
        high = after >= np.median(before) + RATE_RISE
        turns = np.flatnonzero(np.diff(np.r_[False, high, False]))
        lasted_ms = since_ms[turns[1::2] - 1] - since_ms[turns[::2]]
        begun[window] = (lasted_ms >= SUSTAINED_MS).sum()
    return RiseCounts(begun=begun, watched_ms=watched_ms)


def usable(sets: Sets, tables: Mapping[str, BookTable]) -> Bool:
    """Which peers have the book and, anywhere, the channels that they need, shape (rule,)."""
    known = (sets.value_centi != MISSING).any(axis=0)
    return np.array(
        [
            all(known[channel] for channel in peer.needs) and peer.book in {"", *tables}
            for peer in PEERS
        ]
    )
