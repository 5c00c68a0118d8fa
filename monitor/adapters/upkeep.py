"""Upkeep: what a monitor does between two steps so that its restart is short.

Only while the disk takes everything, in small bites, and never at the cost of the watch: what
fails here is told in the log, given up, and tried again when it is due the next time.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from monitor.adapters.folding import Folder
from monitor.adapters.journal_file import StoreError
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import Memory
from monitor.adapters.snapshots import SnapshotWriter
from monitor.wire.announcements import Announcement, head_announcement

DAY_MS: Final = 86_400_000

LOG: Final = logging.getLogger(f"{ROOT}.live")


class Upkeep:
    """Takes snapshots, writes them part by part, and folds old vitals."""

    def __init__(
        self,
        memory: Memory,
        params: RecoveryParams,
        *,
        program: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._day = -1
        self.snapshots = SnapshotWriter(
            memory.journal,
            program=program,
            every_s=params.snapshot_every_ms / 1000,
            seconds=seconds,
        )
        self.folder = Folder(
            memory.journal,
            keep_ms=params.keep_messages_ms,
            keep_chunks_ms=params.keep_vitals_ms,
        )

    def heads(self, now_ms: int) -> list[Announcement]:
        """Return the head of the ledger once a day and run, to be kept elsewhere."""
        day = now_ms // DAY_MS
        if day == self._day:
            return []
        self._day = day
        row, digest = self._memory.journal.head
        log(LOG, logging.INFO, "ledger-head", row=row, hash=digest)
        return [head_announcement(unit=self._memory.unit, row=row, digest=digest, now_ms=now_ms)]

    def look(self) -> None:
        """Do one bite of what is due after a step that is wholly in the journal."""
        try:
            if self.snapshots.is_due:
                self.snapshots.take(self._memory.picture(), self._memory.last_ms)
            elif self.snapshots.is_writing:
                if self.snapshots.write_part():
                    self.folder.plan(self._memory.last_ms)
            else:
                self.folder.bite()
        except StoreError as fault:
            log(LOG, logging.WARNING, "upkeep-failed", reason=fault.reason)
        except Exception:  # a short restart is worth less than the watch
            LOG.exception("upkeep-failed")
            self.snapshots.put_off()

    def finish(self) -> None:
        """Leave a snapshot of the end, so that the next start has nothing to take again."""
        if self.snapshots.is_newest:
            return
        try:
            self.snapshots.take(self._memory.picture(), self._memory.last_ms)
            while self.snapshots.is_writing:
                self.snapshots.write_part()
        except Exception:  # the last word of the monitor does not depend on it
            LOG.exception("upkeep-failed")
