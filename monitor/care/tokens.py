"""A bucket of tokens: how often something may happen at once, and on average.

Every message takes a token; tokens come back at a steady rate until the bucket is full. In whole
thousandths and milliseconds, so that a replay decides as the live run did.
"""

from dataclasses import dataclass
from typing import Final

TOKEN_MILLI: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is left of the tokens, in thousandths, at a time [ms]."""

    left_milli: int = 0
    at_ms: int = 0


FULL: Final = Bucket()
"""Empty in 1970, and so full by now."""


def bucket_after(bucket: Bucket, at_ms: int, *, rate: int, burst: int) -> tuple[Bucket, bool]:
    """Return the bucket after something wanted a token, and whether it got one.

    Parameters
    ----------
    bucket : Bucket
        As it was left.
    at_ms : int
        When the token is wanted [ms]; before the last time counts as then.
    rate : int
        Tokens that come back in a second.
    burst : int
        Tokens of a full bucket.
    """
    at_ms = max(at_ms, bucket.at_ms)
    left_milli = bucket.left_milli + rate * (at_ms - bucket.at_ms)
    left_milli = min(left_milli, burst * TOKEN_MILLI)
    is_given = left_milli >= TOKEN_MILLI
    if is_given:
        left_milli -= TOKEN_MILLI
    return Bucket(left_milli=left_milli, at_ms=at_ms), is_given
