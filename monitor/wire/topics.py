"""Topics: ``irm/v1/{unit}/{bed}/{device}/{kind}``, built and read in one place.

Every id stands at a fixed level, so that a broker can give each device its own lines of an
access list. ``_`` means "not applicable" and belongs to topics that a monitor writes. Only an act
may come from there: one on an alert of the monitor itself, which stands at no bed.
"""

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from monitor.wire.refusals import Refusal

PREFIX: Final = "irm/v1"
NOBODY: Final = "_"
"""Stands where a topic has no bed or no device."""

MONITOR: Final = "monitor"
"""The device level of topics about the monitor itself; no device may be called so."""

Kind: TypeAlias = Literal["vitals", "backfill", "pump", "obs", "session", "act", "status", "birth"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Kinds of message that a device, a tablet or a station may send."""

OUTBOUND_KINDS: Final = (
    "alert", "advice", "call", "state", "measure", "answer", "reject", "ack", "head",
)  # fmt: skip
"""Kinds that only a monitor writes, besides its own ``status``."""

_NO_TOPIC_LEVEL: Final = re.compile(r"[^A-Za-z0-9._:@-]")

ID_LIMIT: Final = "[a-z0-9-]{1,32}"
_ID: Final = re.compile(ID_LIMIT)
_LEVELS: Final = ("unit", "bed", "device")


class Place(NamedTuple):
    """Where a message comes from, and its kind."""

    unit: str
    bed: str
    device: str
    kind: str


def is_id(text: str) -> bool:
    """Tell whether a text may stand in a topic as a unit, bed or device."""
    return _ID.fullmatch(text) is not None


def topic(unit: str, bed: str, device: str, kind: str) -> str:
    """Return the topic of one kind of message of one device at one bed."""
    return f"{PREFIX}/{unit}/{bed}/{device}/{kind}"


def subscriptions(unit: str) -> tuple[str, ...]:
    """Return the filters that a monitor of a unit subscribes to: device kinds, never ``#``.

    The filter of ``status`` also matches the monitor's own status, which the shell takes as a
    sign that the link lives and does not hand on.
    """
    return tuple(topic(unit, "+", "+", kind) for kind in KINDS)


def monitor_status_topic(unit: str) -> str:
    """Return the topic on which the monitor of a unit says that it lives (and its last will)."""
    return topic(unit, NOBODY, MONITOR, "status")


def head_topic(unit: str) -> str:
    """Return the topic of the hash with which the ledger of a unit stood when a day began."""
    return topic(unit, NOBODY, MONITOR, "head")


def lease_topic(unit: str) -> str:
    """Return the topic on which the monitor that speaks for a unit says so."""
    return topic(unit, NOBODY, MONITOR, "lease")


def standby_topic(unit: str, client: str) -> str:
    """Return the topic on which a monitor that waits says that it is there."""
    return topic(unit, NOBODY, MONITOR, f"standby/{_NO_TOPIC_LEVEL.sub('-', client)}")


def standbys_filter(unit: str) -> str:
    """Return the filter of the words of all standbys of a unit."""
    return topic(unit, NOBODY, MONITOR, "standby/+")


def sample_topic(unit: str) -> str:
    """Return the topic of the reading by which the monitor proves its alarm path.

    The filter of ``vitals`` matches it, so it comes back as a device's reading does.
    """
    return topic(unit, NOBODY, MONITOR, "vitals")


def proof_topic(unit: str) -> str:
    """Return the topic on which the alert of that reading is published, and heard back."""
    return topic(unit, NOBODY, MONITOR, "proof")


@lru_cache(maxsize=8192)
def place_of(name: str) -> Place:
    """Read the topic of an incoming message, or refuse it."""
    levels = name.split("/")
    if len(levels) != 6 or levels[0] != "irm" or levels[1] != "v1":  # noqa: PLR2004  # as above
        raise Refusal(
            "unknown-topic", "topic", name, f"{PREFIX}/{{unit}}/{{bed}}/{{device}}/{{kind}}"
        )
    place = Place(*levels[2:])
    for level, text in zip(_LEVELS, place, strict=False):
        if level == "bed" and text == NOBODY:
            if place.kind == "act":
                continue  # on an alert of the monitor itself, which stands at no bed
            raise Refusal("roaming-bed", "bed", text, "a bed; roaming devices are not supported")
        if _ID.fullmatch(text) is None:
            raise Refusal("bad-id", level, text, ID_LIMIT)
    if place.device == MONITOR:
        raise Refusal("bad-id", "device", place.device, f"any but {MONITOR}, which is ourselves")
    if place.kind not in KINDS:
        raise Refusal("unknown-kind", "kind", place.kind, " ".join(KINDS))
    return place
