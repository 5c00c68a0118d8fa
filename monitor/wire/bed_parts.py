"""Parts of the state of a bed: what a chair view shows besides numbers and alerts."""

from typing import Annotated, TypeAlias

import msgspec

from monitor.facts.records import Severity
from monitor.facts.stays import ProposalKind, WatchHolds
from monitor.facts.views import DevicePresence, DueState, VolumeSource

Utc: TypeAlias = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Decimal: TypeAlias = int | float


class AmountShown(msgspec.Struct, frozen=True, kw_only=True):
    """An amount and its unit."""

    v: Decimal
    u: str


class RateShown(msgspec.Struct, frozen=True, kw_only=True):
    """An infusion rate and its unit."""

    v: Decimal
    u: str = "mL/h"


class WhyNotShown(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing fires: the nearest rules, then what rules lack, as of a time."""

    t: Utc
    lines: tuple[str, ...]


class SnoozeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What nobody wants to be called for, up to which grade, until when, who said so and why."""

    sign: str
    grade: int
    until: Utc
    by: str
    reason: str


class UntoldShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What nobody is being told now, and why; ``alert`` is the id where it is an alert."""

    what: str
    reason: str
    alert: str = ""


class VolumeShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was infused up to ``t`` and is left: said by the pump, or summed from its rates."""

    t: Utc
    by: VolumeSource
    infused: AmountShown | None = None
    left: AmountShown | None = None


class GivenShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A drug that was given in this session; ``step`` is the key where it was an advised step."""

    drug: str
    t: Utc
    by: str
    dose: AmountShown | None = None
    step: str = ""


class SymptomShown(msgspec.Struct, frozen=True, kw_only=True):
    """A symptom that is charted as present now."""

    symptom: str
    severity: Severity
    since: Utc


class DeviceShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of the bed; not ``associated``: believed because its topic says where it is."""

    device: str
    state: DevicePresence
    heard: Utc | None = None
    associated: bool = True


class WindowShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reaction that is still watched for, and until when."""

    key: str
    words: str
    until: Utc
    holds: WatchHolds
    source: tuple[str, ...]
    because: str = ""


class DueShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One set of vital signs that the schedule asks for, and which of its channels are missing."""

    key: str
    words: str
    due: Utc
    state: DueState
    missing: tuple[str, ...] = ()


class StepUpShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next faster rate, when it is due, and what speaks against it."""

    rate: RateShown | None
    due: Utc | None
    ready: bool
    reasons: tuple[str, ...] = ()


class ProposalShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an earlier reaction proposes for this session."""

    kind: ProposalKind
    words: str
    because: str
    rate: RateShown | None = None
