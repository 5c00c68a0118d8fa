"""A disguise: what a journal says, without saying of whom, by whom or on which day.

Dates move by one random number of whole days, which is kept nowhere, so that the time of day and
every interval stay. Pseudonyms, sessions, messages, starts of devices and people get new names,
the same name always the same new one. Free text is left out. What is left of text are words of
the site's configuration (products, drugs, signs, steps); any other word becomes ``withheld``.

What a machine writes by itself can tell the day as well, and is coarsened: the time of a clock that
was never set, how far a clock says that it is off, and numbers of messages that count seconds.

Names of units, beds and devices stay: they are places and machines. Each text that a message can
carry has its rule in :data:`RULES`, and one without a rule is not written at all.
"""

import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, Self, TypeAlias

import msgspec

from detectors.ages import MONTHS
from detectors.channels import NEVER
from monitor.adapters.marks import Mark, marks_of
from monitor.care.alerts import episode_id
from monitor.facts.effects import ActRecorded, AlertChanged, AnyEffect
from monitor.facts.records import (
    ActTaken,
    ConditionCharted,
    DeviceBorn,
    DeviceReported,
    Input,
    PumpReported,
    RawMessage,
    RecordedStep,
    SessionReported,
    SymptomCharted,
    VitalsReported,
)
from monitor.wire.messages import decode
from monitor.wire.payloads import (
    ActPayload,
    BirthPayload,
    ConditionPayload,
    HandVitalsPayload,
    Payload,
    PriorReactionPayload,
    PumpPayload,
    SessionPayload,
    StatusPayload,
    SymptomPayload,
    VitalsPayload,
    encode,
    milliseconds,
    stamp,
)
from monitor.wire.refusals import Refusal
from monitor.wire.topics import PREFIX, place_of

WITHHELD: Final = "withheld"
DAY_MS: Final = 86_400_000
SHIFT_DAYS: Final = (365, 3_650)
OLD_YEARS: Final = 90
"""Ages from here on are told as this one: few people are older, and they can be found."""

FAR: Final = timedelta(days=8)
"""No measurement that is taken is older. Only a clock that was never set says more than this, or is
off by more: what it says is then a day that everybody knows, such as the first of 1970."""

YEAR: Final = timedelta(days=365)
YEARS_MAX: Final = 10
"""Older reactions are told as of so many years ago: 1900 stands in many records for "unknown"."""

NUMBER_MAX: Final = 10_000_000
NUMBER_FIRST: Final = 1_000_000
"""From the former on numbers of messages may be times, and the first of a start becomes the latter;
a device that counts a message every second comes there after 115 days."""

ROLES: Final = frozenset({"nurse", "charge", "doctor", "pharmacist", "engineer", "viewer"})
_OLDEST: Final = {"age_years": OLD_YEARS, "age_months": MONTHS * OLD_YEARS}
_FAR_MS: Final = FAR // timedelta(milliseconds=1)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

Rule: TypeAlias = Callable[["Disguise", str], str | None]


def vocabulary(directory: Path) -> frozenset[str]:
    """Return every word of a configuration: its keys and its whole texts, in small letters."""
    words: set[str] = set()
    for path in sorted(directory.rglob("*.toml")):
        words.update(_words(tomllib.loads(path.read_text(encoding="utf-8"))))
    return frozenset(words)


def _words(tree: object) -> Iterable[str]:
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield str(key).casefold()
            yield from _words(branch)
    elif isinstance(tree, list):
        for branch in tree:
            yield from _words(branch)
    elif isinstance(tree, str):
        yield tree.casefold()


class Disguise:
    """New names for one journal, given out as the old ones are met."""

    def __init__(self, *, first_ms: int, words: frozenset[str], chance: Random) -> None:
        days = chance.randint(*SHIFT_DAYS)
        # A time before 1970 has no place in a recording.
        self._days = -days if first_ms > (SHIFT_DAYS[1] + 1) * DAY_MS else days
        self._shift_ms = self._days * DAY_MS
        self._words = words
        self._chance = chance
        self._names: dict[tuple[str, str], str] = {}
        self._roles: dict[str, str] = {}
        self._people: dict[str, int] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    def learn(self, effects: Iterable[AnyEffect], messages: Iterable[RawMessage] = ()) -> None:
        """Take the roles of people and the names of alerts from a ledger.

        Of technical alerts that somebody did something about, the messages of the journal show
        after which time they are named.
        """
        alerts: dict[str, AlertChanged] = {}
        meant: set[str] = set()
        for effect in effects:
            if isinstance(effect, ActRecorded):
                meant.add(effect.alert)
                if effect.role in ROLES:
                    self._roles.setdefault(effect.by, effect.role)
            if isinstance(effect, AlertChanged):
                alerts.setdefault(effect.id, effect)
        marks = marks_of((one for one in alerts.values() if one.id in meant), messages)
        for alert in alerts.values():
            onset = Mark(alert.onset_ms, alert.onset_ms)
            self._names["alert", alert.id] = self._alert(alert, marks.get(alert.id, onset))

    def _alert(self, alert: AlertChanged, mark: Mark) -> str:
        """Return the name that the ward will give to an alert when it meets it again."""
        at_ms = mark.at_ms
        if at_ms != NEVER:
            at_ms = milliseconds(self._near(stamp(at_ms), stamp(mark.received_ms)))
        return episode_id(self.session(alert.session), alert.bed, alert.cause, at_ms)

    # ---------------------------------------------------------------------------- names

    def ms(self, at_ms: int) -> int:
        """Return a time on its new day."""
        return at_ms + self._shift_ms

    def time(self, at: datetime) -> datetime:
        """Return a time on its new day, in UTC; what has none there becomes 1970."""
        try:
            return at.astimezone(UTC) + timedelta(days=self._days)
        except OverflowError:
            return _EARLIEST

    def _near(self, at: datetime, received: datetime) -> datetime:
        """Return a time on its new day; that of a clock that was never set is when it came."""
        return self.time(at if abs(received - at) <= FAR else received)

    def _prior(self, at: datetime, received: datetime) -> datetime:
        """Return when an earlier reaction was: after a year, only how many years ago."""
        years = min((received - at) // YEAR, YEARS_MAX)
        if years < 1:
            return self.time(at)
        # A day more, so that it is also then over as many years ago as it was.
        return self.time(received - years * YEAR - timedelta(days=1))

    def number(self, number: int, start: tuple[str, str]) -> int:
        """Return the new number of a message of a start of a device, in the same order."""
        if number < NUMBER_MAX:
            return number
        first = self._numbers.setdefault(start, number)
        return max(0, number - first + NUMBER_FIRST)

    def session(self, name: str) -> str:
        """Return the new name of a session."""
        return self._new("session", name, "S-")

    def subject(self, name: str) -> str:
        """Return the new pseudonym of a person."""
        return self._new("subject", name, "PX-")

    def message(self, name: str) -> str:
        """Return the new name of a message that a sender has named."""
        return self._new("message", name, "m-")

    def boot(self, name: str) -> str:
        """Return the new name of a start of a device, which often holds a date."""
        return self._new("boot", name, "b-")

    def via(self, name: str) -> str:
        """Return the new name of the screen that somebody used."""
        return self._new("via", name, "via-")

    def alert(self, name: str) -> str:
        """Return the name that an alert will have."""
        return self._new("alert", name, "al-")

    def person(self, name: str) -> str:
        """Return a role and a number for a name: ``nurse-1``."""
        if not name:
            return ""
        if name not in self._people:
            self._people[name] = len(self._people) + 1
        return f"{self._roles.get(name, 'person')}-{self._people[name]}"

    def role(self, name: str) -> str:
        """Return a role that is known, or that there was one."""
        return name if name in ROLES else WITHHELD

    def word(self, text: str) -> str:
        """Return a word that the configuration knows, or that there was one."""
        return text if text.casefold() in self._words else WITHHELD

    def age_band(self, band: str) -> str:
        """Return an age band that does not single out the very old."""
        first = int(band.rstrip("+").partition("-")[0])
        return band if first < OLD_YEARS else f"{OLD_YEARS}+"

    def _new(self, kind: str, name: str, prefix: str) -> str:
        if not name:
            return ""
        key = (kind, name)
        if key not in self._names:
            self._names[key] = f"{prefix}{self._chance.getrandbits(40):010X}"
        return self._names[key]

    # ------------------------------------------------------------------------- messages

    def steps(self, steps: Iterable[RecordedStep]) -> Iterable[RecordedStep]:
        """Yield steps in disguise."""
        for step in steps:
            messages = tuple(self.raw(raw) for raw in step.messages)
            yield RecordedStep(now_ms=self.ms(step.now_ms), messages=messages)

    def raw(self, raw: RawMessage) -> RawMessage:
        """Return a message in disguise; of one that was refused only its topic is left."""
        topic, payload = raw.topic, b""
        kind = payload_type(decode(raw, position=0))
        if kind is None:
            topic = _topic(raw.topic)
        else:
            said = msgspec.json.decode(raw.payload, type=kind)
            payload = encode(self._disguised(said, _Came.of(raw, said)))
        return RawMessage(
            received_ms=self.ms(raw.received_ms),
            topic=topic,
            payload=payload,
            retained=raw.retained,
        )

    def _disguised(self, payload: Payload, came: "_Came") -> Payload:
        """Return a payload, field by field."""
        changes: dict[str, Any] = {}
        for name in payload.__struct_fields__:
            value = getattr(payload, name)
            changes[name] = self._field(type(payload).__name__, name, value, came)
        return msgspec.structs.replace(payload, **changes)

    def _field(self, owner: str, name: str, value: Any, came: "_Came") -> Any:  # noqa: ANN401  # any JSON value
        match value:
            case Payload():
                return self._disguised(value, came)
            case tuple():
                return tuple(self._field(owner, name, one, came) for one in value)
            case datetime():
                is_prior = owner == PriorReactionPayload.__name__
                return (self._prior if is_prior else self._near)(value, came.received)
            case str():
                rule = RULES.get(f"{owner}.{name}") or RULES.get(name)
                return None if rule is None else rule(self, value)
            case int():
                return self._whole(name, value, came)
        return value

    def _whole(self, name: str, value: int, came: "_Came") -> int:
        if name == "seq":
            return self.number(value, came.start)
        if name == "clock_offset_ms":
            return max(-_FAR_MS, min(value, _FAR_MS))
        return min(value, _OLDEST.get(name, value))


class _Came(NamedTuple):
    """When a message came, and from which start of which device."""

    received: datetime
    start: tuple[str, str]

    @classmethod
    def of(cls, raw: RawMessage, payload: Payload) -> Self:
        """Return it of a message that could be read."""
        boot = getattr(payload, "boot", None) or ""
        return cls(stamp(raw.received_ms), (place_of(raw.topic).device, boot))


def _topic(name: str) -> str:
    try:
        place_of(name)
    except Refusal:
        return f"{PREFIX}/{WITHHELD}"
    return name


def payload_type(record: Input) -> type[Payload] | None:
    """Return the struct of the message that became a record; None where none could be read."""
    if isinstance(record, VitalsReported) and record.by:
        return HandVitalsPayload
    return _PAYLOADS.get(type(record))


_PAYLOADS: Final[dict[type[Input], type[Payload]]] = {
    VitalsReported: VitalsPayload,
    PumpReported: PumpPayload,
    SymptomCharted: SymptomPayload,
    ConditionCharted: ConditionPayload,
    SessionReported: SessionPayload,
    ActTaken: ActPayload,
    DeviceReported: StatusPayload,
    DeviceBorn: BirthPayload,
}


def _same(_disguise: Disguise, text: str) -> str:
    return text


def _withheld(_disguise: Disguise, _text: str) -> str:
    return WITHHELD


def _left_out(_disguise: Disguise, _text: str) -> None:
    return None


RULES: Final[dict[str, Rule]] = {
    "SessionPayload.id": Disguise.session,
    "PumpPayload.reason": _left_out,
    "act": _same,
    "age_band": Disguise.age_band,
    "alarm": _left_out,
    "alert": Disguise.alert,
    "boot": Disguise.boot,
    "by": Disguise.person,
    "ch": _same,
    "channel": _left_out,
    "channels": _same,
    "consciousness": _same,
    "devices": _same,
    "drug": Disguise.word,
    "event": _same,
    "fw": _left_out,
    "id": Disguise.message,
    "model": _withheld,
    "note": _left_out,
    "pattern": Disguise.word,
    "premed": Disguise.word,
    "product": Disguise.word,
    "q": _same,
    "reason": _withheld,
    "ref": Disguise.message,
    "role": Disguise.role,
    "serial": _withheld,
    "session": Disguise.session,
    "severity": _same,
    "sign": Disguise.word,
    "site": _left_out,
    "src": _left_out,
    "state": _same,
    "status": _same,
    "step": Disguise.word,
    "subject": Disguise.subject,
    "symptom": Disguise.word,
    "to_bed": _same,
    "u": _same,
    "via": Disguise.via,
    "why": _same,
}
"""What becomes of each text, by its name, or by payload and name where names are shared."""
