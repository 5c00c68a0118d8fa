"""Tracks of a journal: the newest day of its readings, once, with those that were refused apart.

Readings come from the messages and, where old ones were folded, from the chunks. What the ledger
says was rejected or quarantined decided nothing, and is drawn as such.
"""

from collections import defaultdict
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from detectors.channels import CHANNEL_NAMES
from monitor.adapters.folding import chunks
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.facts.effects import AnyEffect, ReadingsKept, SessionChanged
from monitor.facts.records import PumpReported, RawMessage, SessionReported, VitalsReported
from monitor.station.newest_day import Day, newest_day
from monitor.station.tracks import REFUSED, Point, Tracks
from monitor.wire.messages import decode
from monitor.wire.units import number

Reading: TypeAlias = tuple[str, str, int, int]
"""Bed, channel, time measured, value in hundredths."""

_MESSAGES: Final = "SELECT received_ms, topic, payload, retained FROM inbox WHERE n > ? ORDER BY n"
_KEPT: Final = "SELECT body FROM ledger WHERE n > ? AND kind = 'readings' ORDER BY n"
_SESSIONS: Final = "SELECT body FROM ledger WHERE n > ? AND kind = 'session' ORDER BY n"
_EFFECT: Final[msgspec.json.Decoder[AnyEffect]] = msgspec.json.Decoder(AnyEffect)


def tracks_of_journal(journal: Path) -> Tracks:
    """Return the tracks of the newest day of a journal.

    A journal that cannot be read gives none, or those up to the fault: the station then draws
    what it hears.
    """
    tracks = Tracks()
    try:
        with JournalReader.open(journal) as reader:
            day = newest_day(reader)
            refused = refused_readings(reader, day)
            begun_ms = _take_messages(tracks, reader, day, refused)
            _put_folded_before(tracks, reader, day, refused, begun_ms)
    except JournalError:
        return tracks
    return tracks


def configurations_of_journal(journal: Path) -> dict[str, str]:
    """Return under which configuration each session of the newest day began; none if unreadable."""
    began: dict[str, str] = {}
    try:
        with JournalReader.open(journal) as reader:
            for (body,) in reader.rows(_SESSIONS, (newest_day(reader).row,)):
                effect = _EFFECT.decode(body)
                if isinstance(effect, SessionChanged) and effect.config and not effect.refused:
                    began.setdefault(effect.session, effect.config)
    except (JournalError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return began
    return began


def refused_readings(reader: JournalReader, day: Day) -> frozenset[Reading]:
    """Return the readings of a day that the ledger calls rejected or quarantined."""
    found = set()
    for (body,) in reader.rows(_KEPT, (day.row,)):
        try:
            effect = _EFFECT.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue  # what cannot be read marks nothing; a proof of the ledger tells of it
        if isinstance(effect, ReadingsKept) and effect.outcome in REFUSED:
            found.add((effect.bed, effect.channel, effect.measured_ms, effect.value_centi))
    return frozenset(found)


def _take_messages(
    tracks: Tracks, reader: JournalReader, day: Day, refused: frozenset[Reading]
) -> dict[str, int]:
    """Take what came in; return since when the session of each bed has been open."""
    begun_ms: dict[str, int] = {}
    for received_ms, topic, payload, retained in reader.rows(_MESSAGES, (day.message,)):
        raw = RawMessage(
            received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
        )
        record = decode(raw, position=0)
        match record:
            case SessionReported(event="open"):
                begun_ms[record.bed] = received_ms
                tracks.bed(record.bed).begin(record.id)
            case VitalsReported():
                _take_vitals(tracks, record, refused)
            case PumpReported():
                rate = record.rate_centi_ml_per_h if record.state == "infusing" else 0
                if rate is not None:
                    tracks.bed(record.bed).flow(record.measured_ms, number(rate))
    return begun_ms


def _take_vitals(tracks: Tracks, record: VitalsReported, refused: frozenset[Reading]) -> None:
    bed = tracks.bed(record.bed)
    for value in record.values:
        name = CHANNEL_NAMES[value.channel]
        is_refused = (record.bed, name, value.measured_ms, value.value_centi) in refused
        track = bed.rejected_track(name) if is_refused else bed.track(name)
        track.add(value.measured_ms, number(value.value_centi))


def _put_folded_before(
    tracks: Tracks,
    reader: JournalReader,
    day: Day,
    refused: frozenset[Reading],
    begun_ms: dict[str, int],
) -> None:
    """Put the readings of a day that were folded before those that still stand one by one."""
    trusted: dict[tuple[str, str], list[Point]] = defaultdict(list)
    rejected: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for chunk in chunks(reader, since_ms=day.since_ms):
        name = CHANNEL_NAMES[chunk.channel]
        since_ms = max(day.since_ms, begun_ms.get(chunk.bed, 0))
        for measured_ms, after_ms, centi, _ in chunk.readings.tolist():
            if measured_ms + after_ms < since_ms:
                continue
            is_refused = (chunk.bed, name, measured_ms, centi) in refused
            (rejected if is_refused else trusted)[chunk.bed, name].append(
                (measured_ms, number(centi))
            )
    for (bed, name), points in trusted.items():
        tracks.bed(bed).track(name).put_before(points)
    for (bed, name), points in rejected.items():
        tracks.bed(bed).rejected_track(name).put_before(points)
