"""What a database says to a write, as the forwarder needs to know it.

There are four cases and no fifth: everything is kept; something in it will never be taken, so the
batch is cut in halves until the point is found; the database cannot now, so the same is sent
again later; or somebody has to change something first (a token, a name), which is also tried
again, since whoever mends it should not have to restart us.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Verdict: TypeAlias = Literal["kept", "partly", "later", "forbidden"]

RETRY_AFTER_S_MAX: Final = 300.0
"""No server may silence us for longer than this."""

TEXT_MAX: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a write; ``retry_after_s`` is how long the server asks us to wait."""

    verdict: Verdict
    words: str = ""
    retry_after_s: float | None = None


KEPT: Final = Answer(verdict="kept")

_FORBIDDEN: Final = frozenset({401, 403, 404})
"""No or wrong credentials, no such database: the same bytes will do once that is mended."""

_BAD_POINT: Final = frozenset({400, 422})
"""Unreadable, of another type than the field has, or older than the database keeps."""

TOO_LARGE: Final = 413


def answer_of(status: int, words: str, retry_after: str | None = None) -> Answer:
    """Return the answer that an HTTP status stands for."""
    said = f"{status}: {' '.join(words.split())[:TEXT_MAX]}"
    if 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
        return KEPT
    if status in _BAD_POINT or status == TOO_LARGE:
        return Answer(verdict="partly", words=said)
    if status in _FORBIDDEN:
        return Answer(verdict="forbidden", words=said)
    return Answer(verdict="later", words=said, retry_after_s=_seconds(retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header; a date in it, or nonsense, is no number."""
    try:
        asked_s = float(retry_after or "")
    except ValueError:
        return None
    return min(asked_s, RETRY_AFTER_S_MAX) if asked_s >= 0 else None
