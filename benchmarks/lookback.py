"""How long a station takes to read the past of a journal when it starts, and at the first look.

``python -m benchmarks.lookback [MESSAGES] [BEDS] [SECONDS]`` makes a journal of so many messages
of vitals, one a bed every so many seconds, and reads it as a station does. Only those of the newest
day are read, so a longer journal does not take longer.
"""

import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.wards import UNIT
from detectors.channels import Channel
from monitor.adapters.journal import Journal
from monitor.facts.records import RawMessage
from monitor.station.journal_tracks import tracks_of_journal
from monitor.station.past import LedgerPast
from monitor.wire.payloads import encode_vitals

BEGAN_MS: Final = 1_795_514_400_000
IN_ONE_STEP: Final = 10


def message(number: int, bed: int, at_ms: int) -> RawMessage:
    """Return vitals of a bed."""
    values = {Channel.HR: 7200 + number % 9 * 100, Channel.SPO2: 9700, Channel.SBP: 12_000}
    return RawMessage(
        received_ms=at_ms,
        topic=f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals",
        payload=encode_vitals(sequence=number, measured_ms=at_ms, values_centi=values, boot="b"),
    )


def write(path: Path, messages: int, beds: int, every_s: int) -> None:
    """Write the journal."""
    with Journal.open_for_writing(path, unit=UNIT, software="", config="") as journal:
        made = (
            message(n // beds, n % beds, BEGAN_MS + n * every_s * 1000 // beds)
            for n in range(messages)
        )
        journal._connection.execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - only to make it
        while group := list(islice(made, IN_ONE_STEP)):
            journal.append_step(group[-1].received_ms, group)


def main(messages: int = 100_000, beds: int = 60, every_s: int = 30) -> None:
    """Make a journal, read it, print how long that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        write(path, messages, beds, every_s)
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        tracks = tracks_of_journal(path)
        took_s = time.perf_counter() - began_s
        used_s = time.process_time() - began_cpu_s
        began_s = time.perf_counter()
        LedgerPast(path).effects(0)
        looked_s = time.perf_counter() - began_s
        hours = messages * every_s / beds / 3600
        print(f"{messages} messages, {beds} beds, {hours:.0f} h, {len(tracks.beds)} beds drawn:")
        print(f"  readings of the newest day  {took_s:6.2f} s, {used_s:.2f} s of a core")
        print(f"  first look at the ledger    {looked_s:6.2f} s")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
