"""Rows of the ledger: what was decided, each row chained to the one before it by its hash."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage

STEP_DIGEST_BYTES: Final = 8
"""Against chance, not against people: who changes a step on purpose meets the ledger's chain."""

FOLDED_MARK: Final = b"f"
"""Before the digest of a step whose vitals were folded: it is of what was left of it."""

GENESIS: Final = bytes(32)
"""The hash before the first row of the ledger."""

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final[msgspec.json.Decoder[AnyEffect]] = msgspec.json.Decoder(AnyEffect)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One effect as it was kept."""

    n: int
    step: int
    at_ms: int
    kind: str
    bed: str
    body: bytes
    hash: bytes

    def effect(self) -> AnyEffect:
        """Return the effect that the row holds.

        Raises
        ------
        ValueError
            If its bytes are none.
        """
        try:
            return _DECODER.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            raise ValueError(f"ledger row {self.n} holds no effect ({fault})") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place between two steps: everything up to these numbers is before it."""

    step: int
    message: int
    row: int
    head: bytes
    """Hash of the row of the ledger."""


BEGINNING: Final = Place(step=0, message=0, row=0, head=GENESIS)


def effect_bytes(effect: AnyEffect) -> bytes:
    """Return the canonical bytes of an effect: declared order of fields, sorted dictionaries."""
    return _ENCODER.encode(effect)


def step_digest(now_ms: int, messages: Iterable[RawMessage]) -> bytes:
    """Return a digest of a step and its messages: a changed bit shows when they are read."""
    digest = hashlib.sha256(now_ms.to_bytes(8, "big", signed=True))
    for raw in messages:
        topic = raw.topic.encode()
        head = (raw.received_ms, int(raw.retained), len(topic), len(raw.payload))
        digest.update(b"%d %d %d %d:" % head + topic + raw.payload)
    return digest.digest()[:STEP_DIGEST_BYTES]


def resealed_digest(now_ms: int, messages: Iterable[RawMessage]) -> bytes:
    """Return the digest of a step of which only some messages are left; longer than a whole one."""
    return FOLDED_MARK + step_digest(now_ms, messages)


def chained(previous: bytes, step: int, body: bytes) -> bytes:
    """Return the hash of a ledger row from the hash before it, its step and its bytes."""
    return hashlib.sha256(previous + step.to_bytes(8, "big") + body).digest()
