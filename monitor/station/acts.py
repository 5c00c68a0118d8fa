"""Acts: what a person does on a page becomes one message of the wire, or is refused with a reason.

The page says what; who, when and through which station is added here. The finished message is
read by the same door that the monitor uses, so whatever it would refuse is refused at once, in
the same words. An act that makes an alert quieter must name the revision that was seen.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from monitor.facts.records import MessageRefused, RawMessage
from monitor.station.board import Board
from monitor.station.people import Person
from monitor.wire.messages import decode
from monitor.wire.outbound import iso
from monitor.wire.topics import topic

ActKind: TypeAlias = Literal["act", "obs", "session", "pump"]

REMEMBERED_MAX: Final = 5_000
"""So many acts are known again by their id."""

QUIETER: Final = frozenset({"ack", "reset", "pause-audio", "snooze", "not-a-reaction"})
"""Acts that make an alert quieter: they must be about what the alert is now."""

DEVICE_EVENTS: Final = frozenset({"associate", "release"})
"""Events of a session that say where a device stands: an engineer may tell these too."""

OURS: Final = frozenset({"by", "role", "via", "ref", "boot", "seq", "rev"})
"""Fields that a page may not write: who acts is known from the login."""


class ActWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page asks for."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{8,64}$(?!\n)")]
    bed: Annotated[str, Meta(pattern=r"^([a-z0-9-]{1,32}|_)$(?!\n)")]
    kind: ActKind
    payload: dict[str, Any]
    alert_rev: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None


class RefusedError(Exception):
    """An act that is not done: status of the answer, reason, and the field that it is about."""

    def __init__(self, status: int, error: str, field_name: str = "", limit: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.field = field_name
        self.limit = limit
        self.is_audited = False


class Message(NamedTuple):
    """One message, ready to be published."""

    topic: str
    payload: bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDone:
    """What was answered to an act, so that the same act again gets the same answer."""

    digest: str
    status: int
    answer: dict[str, str]


@dataclass(slots=True)
class Desk:
    """Turns what is wanted into messages; knows again what it has already sent."""

    board: Board
    device: str
    boot: str
    symptoms: frozenset[str]
    _done: "OrderedDict[str, ActDone]" = field(default_factory=OrderedDict)
    _by_hash: "OrderedDict[str, tuple[str, str, str, str]]" = field(default_factory=OrderedDict)
    _sequence: int = 0

    def done(self, wanted: ActWanted, person: Person, digest: str) -> ActDone | None:
        """Return what was answered to this act before.

        Raises
        ------
        RefusedError
            If the same id was used for another act, or by another person.
        """
        before = self._done.get(f"{person.name} {wanted.id}")
        if before is not None and before.digest != digest:
            raise RefusedError(
                409, "this id was used for another act", "id", "a new id for each act"
            )
        return before

    def remember(self, wanted: ActWanted, person: Person, done: ActDone) -> None:
        """Know an act again."""
        self._done[f"{person.name} {wanted.id}"] = done
        if len(self._done) > REMEMBERED_MAX:
            self._done.popitem(last=False)

    def forget(self, wanted: ActWanted, person: Person) -> None:
        """Know an act no longer that was not sent: the same again is another try."""
        self._done.pop(f"{person.name} {wanted.id}", None)

    def message(self, wanted: ActWanted, person: Person, now_ms: int) -> Message:
        """Return the message of an act.

        Raises
        ------
        RefusedError
            If this person may not do it, the alert has changed, or the monitor would refuse it.
        """
        self._check_person(wanted, person)
        for name in wanted.payload:
            if name in OURS:
                raise RefusedError(400, f"{name!r} is not the page's to say", name, "leave it out")
        if wanted.kind == "act":
            self._check_revision(wanted)
        body = self._body(wanted, person, now_ms)
        name = topic(self.board.unit, wanted.bed, self.device, wanted.kind)
        raw = RawMessage(received_ms=now_ms, topic=name, payload=msgspec.json.encode(body))
        record = decode(raw, position=0)
        if isinstance(record, MessageRefused):
            words = f"{record.reason}: {record.field} {record.value}".rstrip()
            raise RefusedError(422, words, record.field, record.limit)
        self._check_known(wanted)
        digest = hashlib.sha256(raw.payload).hexdigest()
        act = str(wanted.payload.get("act") or wanted.payload.get("event") or wanted.kind)
        self._by_hash[digest] = (wanted.id, wanted.bed, act, person.name)
        if len(self._by_hash) > REMEMBERED_MAX:
            self._by_hash.popitem(last=False)
        return Message(name, raw.payload, digest)

    def sent(self, sha256: str) -> tuple[str, str, str, str] | None:
        """Return id, bed, act and person of a message that was sent from here."""
        return self._by_hash.get(sha256)

    def _check_person(self, wanted: ActWanted, person: Person) -> None:
        needed = wanted.kind
        allowed = person.may(needed)
        if wanted.kind == "session" and wanted.payload.get("event") in DEVICE_EVENTS:
            allowed = allowed or person.may("devices")
        if not allowed:
            raise RefusedError(403, f"the role {person.role} may not do this", "kind", needed)

    def _check_revision(self, wanted: ActWanted) -> None:
        """Refuse an act on an alert as it no longer is; the monitor decides the same once more."""
        act, alert = wanted.payload.get("act"), wanted.payload.get("alert")
        standing = self.board.alerts.get(alert) if isinstance(alert, str) else None
        revision = wanted.alert_rev
        if act in QUIETER and revision is None:
            raise RefusedError(
                400, "the revision that was seen is missing", "alert_rev", "a number"
            )
        if standing is None or revision is None:
            return
        if standing.bed != wanted.bed:
            raise RefusedError(409, f"this alert is of bed {standing.bed}", "bed", standing.bed)
        newest = standing.payload.rev
        if revision > newest:
            raise RefusedError(
                409, f"revision {revision} does not exist yet", "alert_rev", str(newest)
            )
        if act in QUIETER and revision < standing.worse_rev:
            words = f"the alert got worse in revision {standing.worse_rev}; look at it again"
            raise RefusedError(409, words, "alert_rev", str(newest))

    def _check_known(self, wanted: ActWanted) -> None:
        symptom = wanted.payload.get("symptom")
        if wanted.kind == "obs" and symptom is not None and symptom not in self.symptoms:
            known = ", ".join(sorted(self.symptoms))
            raise RefusedError(422, f"unknown symptom {symptom!r}", "symptom", known)

    def _body(self, wanted: ActWanted, person: Person, now_ms: int) -> dict[str, Any]:
        body = {key: value for key, value in wanted.payload.items() if value is not None}
        stamped = body if wanted.kind == "obs" and "t" in body else {**body, "t": iso(now_ms)}
        return _ADDED[wanted.kind](self, stamped, wanted, person)

    def _act(self, body: dict[str, Any], wanted: ActWanted, person: Person) -> dict[str, Any]:
        added = {"id": wanted.id, "by": person.name, "role": person.role, "via": self.device}
        if wanted.alert_rev is not None:
            added["rev"] = wanted.alert_rev  # type: ignore[assignment]  # a number among texts
        return {**body, **added}

    def _obs(self, body: dict[str, Any], wanted: ActWanted, person: Person) -> dict[str, Any]:
        return {**body, "id": wanted.id, "by": person.name}

    def _session(self, body: dict[str, Any], wanted: ActWanted, person: Person) -> dict[str, Any]:
        session = body.get("id")
        if session is None and body.get("event") == "open":
            session = f"S-{wanted.id[:8]}-{wanted.bed[:8]}"
        if session is None:
            standing = self.board.states.get(wanted.bed)
            session = standing.payload.session if standing else ""
        return {**body, "id": session, "by": person.name, "ref": wanted.id}

    def _pump(self, body: dict[str, Any], wanted: ActWanted, person: Person) -> dict[str, Any]:
        sequence, self._sequence = self._sequence, self._sequence + 1
        return {**body, "by": person.name, "ref": wanted.id, "boot": self.boot, "seq": sequence}


Adder: TypeAlias = Callable[[Desk, dict[str, Any], ActWanted, Person], dict[str, Any]]

_ADDED: Final[Mapping[ActKind, Adder]] = {
    "act": Desk._act,  # noqa: SLF001 - the table of the class itself
    "obs": Desk._obs,  # noqa: SLF001 - as above
    "session": Desk._session,  # noqa: SLF001 - as above
    "pump": Desk._pump,  # noqa: SLF001 - as above
}
