"""What must hold after every blow of the crash matrix, each as a check that returns its faults.

* :class:`KeptReadings`: every reading that a monitor has acknowledged is in a journal;
* :func:`ledger_faults`: a ledger verifies from its first row, and says nothing twice;
* :func:`alert_faults`: an independent subscriber sees every alert that stands, as it stands, once;
* :func:`told_again`: nobody is told again what has not changed, but for who had a reason to;
* :class:`Undying`: the process that runs remembers, bit for bit, what a ward remembers that was
  fed the same journal from its first step on and never died.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec

from monitor.adapters.journal import JournalReader
from monitor.adapters.ledger import BEGINNING, Place, effect_bytes
from monitor.adapters.reconciliation import kind_of, meaning, revision
from monitor.adapters.resumption import Picture
from monitor.adapters.snapshots import SnapshotUnusableError, marks, snapshot_body
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.replay import replay
from monitor.ward.snapshots import Records
from monitor.ward.ward import Ward
from monitor.wire.announcements import alert_announcements, alert_topic, is_over
from monitor.wire.outbound import AlertPayload

NAMED_MAX: Final = 5
"""So many of what is missing are named."""

_PICTURE: Final = msgspec.msgpack.Decoder(Picture)
_ALERT: Final = msgspec.json.Decoder(AlertPayload)


class KeptReadings:
    """Numbers of the readings that stand in any of the journals, by device."""

    def __init__(self) -> None:
        self.by_device: dict[str, set[int]] = {}
        self._seen: dict[str, int] = {}

    def add(self, name: str, reader: JournalReader) -> None:
        """Add what has come into a journal since it was looked into."""
        # What waited for long comes as `backfill`, also after a clock was set forward.
        query = (
            "SELECT n, topic, payload FROM inbox WHERE n > ? "
            "AND (topic LIKE '%/vitals' OR topic LIKE '%/backfill') ORDER BY n"
        )
        for n, where, payload in reader.rows(query, (self._seen.get(name, 0),)):
            self._seen[name] = n
            number = msgspec.json.decode(payload)["seq"]
            self.by_device.setdefault(where.split("/")[4], set()).add(number)

    def highest(self) -> dict[str, int]:
        """Return the highest number by device."""
        return {device: max(numbers) for device, numbers in self.by_device.items()}

    def faults(self, acknowledged: Mapping[str, int]) -> list[str]:
        """Return which readings were acknowledged and are in no journal."""
        found = []
        for device, number in sorted(acknowledged.items()):
            missing = sorted(set(range(number + 1)) - self.by_device.get(device, set()))
            if missing:
                few = missing[:NAMED_MAX]
                found.append(f"{device}: acknowledged up to {number}, but {few} not kept")
        return found


def alerts_of(reader: JournalReader) -> list[AlertChanged]:
    """Return every change of an alert in a ledger, in order."""
    return [one for one in reader.effects() if isinstance(one, AlertChanged)]


def ledger_faults(name: str, reader: JournalReader, changes: Iterable[AlertChanged]) -> list[str]:
    """Return what is wrong with a ledger, the whole of it: pages, chain, rows said twice."""
    told = Counter((one.id, one.revision) for one in changes)
    return [f"{name}: {fault}" for fault in reader.verify().faults] + [
        f"{name}: alert {alert} revision {number} is in the ledger {times} times"
        for (alert, number), times in told.items()
        if times > 1
    ]


def standing(changes: Iterable[AlertChanged], unit: str) -> dict[str, bytes]:
    """Return what a broker must hold of the alerts of a ledger, by topic."""
    final = {one.id: one for one in changes}
    return {
        alert_topic(unit, one.bed, one.id): alert_announcements(one, unit=unit)[0].payload
        for one in final.values()
        if not is_over(one.condition, one.signal)
    }


def alert_faults(
    shown: Mapping[str, bytes],
    heard: Mapping[str, int],
    changes: Iterable[AlertChanged],
    unit: str,
) -> list[str]:
    """Return how what a subscriber sees differs from what a ledger says, once all is told.

    ``shown`` is what it sees by topic, ``heard`` the highest revision that it ever heard there.
    Revisions may be higher than those of the ledger: who takes over counts on from what it heard.
    """
    changes = list(changes)
    stands, found = standing(changes, unit), list[str]()
    for name in sorted(stands.keys() | shown.keys()):
        if name not in shown:
            found.append(f"{name} stands and is not shown")
        elif name not in stands:
            found.append(f"{name} is shown and does not stand")
        elif meaning(name, shown[name]) != meaning(name, stands[name]):
            found.append(f"{name} is shown otherwise than it stands")
    for name, payload in shown.items():
        if revision(name, payload) < heard.get(name, 0):
            found.append(f"{name}: revision {heard[name]} was heard, an older one is shown")
    for one in {one.id: one for one in changes if one.kind == "physiological"}.values():
        name = alert_topic(unit, one.bed, one.id)
        if name not in heard:
            found.append(f"{name} was raised and never heard")
    return found + _doubled(shown)


def _doubled(shown: Mapping[str, bytes]) -> list[str]:
    """Return what is shown under two names."""
    causes = Counter(
        (one.session, name.split("/")[3], one.cause)
        for name, payload in shown.items()
        if kind_of(name) == "alert"
        for one in (_ALERT.decode(payload),)
    )
    return [
        f"bed {bed}, session {session}: {times} alerts of the cause {cause} are shown"
        for (session, bed, cause), times in causes.items()
        if times > 1
    ]


def told_again(
    before: Mapping[tuple[str, int], int], after: Mapping[tuple[str, int], int], *, most: int
) -> list[str]:
    """Return which revisions were told more often than once and ``most`` times since before."""
    found = []
    for (name, number), times in after.items():
        # The first time that a revision is told is news, whenever it comes.
        again = times - max(before.get((name, number), 0), 1)
        if again > most:
            found.append(f"{name} revision {number} was told {again} times again, {most} allowed")
    return found


class Undying:
    """A ward that is fed one journal from its first step on, as far as that is looked into.

    A monitor writes what it remembers into its journal every second. What a process has written
    there that was brought back from an older picture and the steps behind it must be what this
    ward remembers at that step.
    """

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.pictures = 0
        """How many were compared."""
        self.place: Place = BEGINNING

    def faults(self, reader: JournalReader) -> list[str]:
        """Go on to the newest picture in the journal; return what differs there or on the way."""
        with reader.unmoved():
            mark = next(marks(reader), None)
            if mark is None or mark.place.step <= self.place.step:
                return []
            found = self._fed(reader, mark.place.step)
            try:
                body = snapshot_body(reader, mark, program=mark.program)
            except SnapshotUnusableError as fault:
                return [*found, f"picture of step {mark.place.step}: {fault}"]
        self.pictures += 1
        if state_in(_PICTURE.decode(body).ward) != state_of(self.ward):
            found.append(f"step {mark.place.step}: the process remembers something else")
        return found

    def rest_faults(self, reader: JournalReader) -> list[str]:
        """Go on to the end of the journal; return what differs in the ledger."""
        return self._fed(reader, reader.counts()[0])

    def _fed(self, reader: JournalReader, last: int) -> list[str]:
        """Take the steps up to one, and hold what is decided against the ledger."""
        before = self.place
        steps = list(islice(reader.steps(before), last - before.step))
        decided: list[AnyEffect] = []
        for _, effects in replay(steps, self.ward):
            decided += effects
        rows = [row for row in reader.ledger(after=before.row) if row.step <= last]
        self.place = Place(
            step=last,
            message=before.message + sum(len(step.messages) for step in steps),
            row=rows[-1].n if rows else before.row,
            head=rows[-1].hash if rows else before.head,
        )
        if [row.body for row in rows] != [effect_bytes(one) for one in decided]:
            return [f"steps {before.step + 1} to {last}: a ward that never died decides otherwise"]
        return []


def state_of(ward: Ward) -> tuple[Records, dict[str, object]]:
    """Return all that a ward remembers in a form in which the order of sets does not count."""
    return state_in(ward.remembered())


def state_in(body: bytes) -> tuple[Records, dict[str, object]]:
    """Return what is remembered in some bytes, in the same form."""
    parts = msgspec.msgpack.decode(body)
    return msgspec.convert(parts.pop("records"), Records), parts
