"""Parts of what is told about a stay: what is still watched for, and what history proposes."""

from typing import Literal, TypeAlias

import msgspec

ProposalKind: TypeAlias = Literal["prescriber", "premedication", "rate-cap"]
WatchHolds: TypeAlias = Literal["stay", "watch", "tell"]


class WatchWindow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reaction that is still watched for after the drug stopped flowing, and until when."""

    key: str
    words: str
    until_ms: int
    holds: WatchHolds
    source: tuple[str, ...]
    because: str = ""


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an earlier reaction proposes for this session, and which reaction that was."""

    kind: ProposalKind
    words: str
    because: str
    rate_centi_ml_per_h: int | None = None
