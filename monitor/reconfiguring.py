"""Reconfiguring: a monitor that watches goes on under a changed configuration, or says why not.

The folder is read again as at a start, with every check. What may change while beds are watched is
decided row by row (:mod:`monitor.settings.reloads`); what may not is named, and the whole stays as
it is. What was asked for is kept in the journal with the files themselves, at the end of a step,
before the ward follows it, and is an act in the ledger.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from monitor.adapters.configurations import (
    Configured,
    configurations,
    in_force,
    keep,
    keep_first,
)
from monitor.adapters.journal import Journal
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.resumption import LedgerDivergedError
from monitor.settings.config_files import config_digest
from monitor.settings.reloads import changes
from monitor.settings.settings import ConfigError, Settings, load_settings, settings_of
from monitor.ward.snapshots import SnapshotError
from monitor.ward.ward import Ward

LOG: Final = logging.getLogger(f"{ROOT}.live")

PLACES_NAMED: Final = 20
"""So many places are named in an act; the others are counted."""


class SiteFolder:
    """The folder of a site, and which of its configurations a ward is under."""

    def __init__(self, directory: Path, settings: Settings, ward: Ward) -> None:
        """Take the settings that were read at the start and the ward that was made of them."""
        self.directory = directory
        self.settings = settings
        self.ward = ward
        self._is_first = False

    @property
    def proof_ward(self) -> Callable[[], Ward]:
        """What makes a fresh ward under the configuration in force."""
        return partial(Ward, self.settings.ward, unit=self.ward.state.unit)

    def configure(self, files: Mapping[str, bytes]) -> None:
        """Let the ward go on under files that the journal has kept."""
        if config_digest(dict(files)) != self.settings.digest:
            self._follow(settings_of(files, self.directory))

    def _follow(self, settings: Settings) -> None:
        self.ward.configure(settings.ward)
        self.settings = settings

    def begin(self, journal: Journal) -> bool:
        """Compare a journal with the folder; return whether the folder is to be followed later.

        A journal goes on under the configuration that it ends with, and the monitor follows the
        folder after its first step, as it does when it is told to read it again.

        Raises
        ------
        LedgerDivergedError
            If a row of the folder needs a new journal, or the journal has not kept its own files.
        """
        digest, files = self.settings.digest, self.settings.files
        known = in_force(configurations(journal), journal.place)
        if known is None:
            if journal.about.config != digest:
                raise diverged(journal, journal.about.config, digest, "")
            self._is_first = True
            return False
        faults = fixed(known.files, files)
        if known.digest != digest and faults:
            raise diverged(journal, known.digest, digest, f" ({faults})")
        return known.digest != digest

    def settle(self, journal: Journal) -> None:
        """Keep the files in a journal that has none; once it is known that it can be continued.

        Raises
        ------
        StoreError
            If they could not be kept.
        """
        if self._is_first:
            keep_first(journal, self.settings.files)
            self._is_first = False

    def read_again(self, journal: Journal, now_ms: int) -> Configured | None:
        """Read the folder, keep what came of it, and let the ward follow; None: nothing changed.

        The journal must hold everything up to the end of a step.

        Raises
        ------
        StoreError
            If it could not be kept; then nothing has changed.
        """
        before, place = self.settings, journal.place
        asked: Settings | None = None
        words = ""
        try:
            asked = load_settings(self.directory)
            if asked.digest == before.digest:
                return None
            words = places_changed(before.files, asked.files)
            refused = fixed(before.files, asked.files) or self._misfit(asked)
        except ConfigError as fault:
            refused = shortened(str(fault).splitlines())
        configured = Configured(
            step=place.step,
            row=place.row + 1,
            now_ms=now_ms,
            digest=asked.digest if asked else "",
            words=f"{before.digest[:12]} to {asked.digest[:12]}: {words}" if asked else "",
            refused=refused,
            files=asked.files if asked and not refused else {},
        )
        keep(journal, configured)
        if asked and not refused:
            self._follow(asked)
        event = "configuration-refused" if refused else "configured"
        log(
            LOG,
            logging.WARNING if refused else logging.INFO,
            event,
            digest=configured.digest[:12],
            changes=words,
            reason=refused,
        )
        return configured

    def _misfit(self, asked: Settings) -> str:
        """Return why what is remembered does not fit some settings; empty if it does."""
        other = Ward(asked.ward, unit=self.ward.state.unit)
        try:
            other.recall(self.ward.remembered())
        except SnapshotError as fault:
            return f"what is remembered does not fit: {fault}"
        return ""


def fixed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return every place that needs a new start, with the reason; empty if none does."""
    return shortened([str(one) for one in changes(before, after) if one.fixed])


def places_changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    """Return every place that differs, in words."""
    places = [f"{one.file} {one.place}".strip() for one in changes(before, after)]
    return shortened(places) or "comments only"


def shortened(lines: list[str]) -> str:
    """Return lines as one, with a count of those that are too many."""
    more = len(lines) - PLACES_NAMED
    named = "; ".join(line.strip() for line in lines[:PLACES_NAMED])
    return f"{named}; and {more} more" if more > 0 else named


def diverged(journal: Journal, kept: str, given: str, more: str) -> LedgerDivergedError:
    """Return why a journal cannot be continued under a configuration."""
    return LedgerDivergedError(
        journal.path,
        f"was written under configuration {kept[:12]}, not {given[:12]}{more}",
        "use that configuration, or start with --fresh, which sets the journal aside and "
        "forgets open sessions",
    )
