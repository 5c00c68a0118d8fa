"""A folder of TOML files becomes the settings of a ward and of its site, or all of its faults.

Nothing is repaired, defaulted or skipped: an unknown file or key, a missing key, a wrong type
or unit, an unknown source, a limit that does not rise with its grade, a dose on one source -
each is one sentence with file, table and key, and all of them are reported together. The
SHA-256 digest over names and bytes of all files says later which limits were in force.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from detectors.context import FLAG_NAMES
from detectors.rulebook import RuleBook
from detectors.symptoms import SymptomRow
from monitor.care.escalation import EscalationStep, escalation_faults
from monitor.care.hearing import HearingParams
from monitor.care.ladders import (
    CIRCUMSTANCES,
    Dose,
    Ladder,
    LadderStep,
    coverage_faults,
    ladder_faults,
)
from monitor.care.products import Product
from monitor.care.variants import Mitigation, MitigationTimes, ladders_of_site
from monitor.settings.book_tables import BookFile, book_file
from monitor.settings.changes import CHANGES, changed_documents
from monitor.settings.config_files import config_digest, file_fault, parsed, read_all
from monitor.settings.detection_settings import detection_params, silence_params
from monitor.settings.detection_tables import (
    DetectionFile,
    all_signs,
    channel_rows,
    detection_file,
    symptom_rows,
)
from monitor.settings.evidence_tables import clue_file, pattern_rows
from monitor.settings.expectation_tables import expectation_file
from monitor.settings.site_settings import BrokerSettings, SiteSettings, site_settings
from monitor.settings.stay_tables import stay_rows
from monitor.tables.faults import ConfigError, Fault, FaultKept
from monitor.tables.tables import Source, Table, each, record, records, sheet, unique
from monitor.ward.ward_settings import AlertParams, WardSettings

__all__ = [
    "BrokerSettings",
    "ConfigError",
    "Fault",
    "Settings",
    "SiteSettings",
    "Source",
    "config_digest",
    "load_settings",
    "settings_of",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything read from one folder, and the bytes of its files by name."""

    ward: WardSettings
    site: SiteSettings
    digest: str
    sources: dict[str, Source]
    files: dict[str, bytes] = field(repr=False)


def load_settings(directory: Path, changes: Mapping[str, object] | None = None) -> Settings:
    """Return the settings of a folder; raise ConfigError with every fault there is.

    ``changes`` are settings by name that hold instead of those of the files
    (:mod:`monitor.settings.changes`); they are checked as strictly and are part of the digest.
    """
    faults: list[Fault] = []
    return _settings(read_all(directory, faults), directory, changes, faults)


def settings_of(files: Mapping[str, bytes], directory: Path) -> Settings:
    """Return the settings of files that were kept elsewhere; paths start at a folder."""
    return _settings(dict(files), directory, None, [])


def _settings(
    contents: dict[str, bytes],
    directory: Path,
    changes: Mapping[str, object] | None,
    faults: list[Fault],
) -> Settings:
    settings = None
    if contents:
        documents = parsed(contents, faults)
        if changes:
            documents = changed_documents(documents, changes, faults)
            contents[CHANGES] = repr(sorted(changes.items())).encode()
        reader = _Reader(directory, documents, faults)
        settings = _attempt(lambda: reader.settings(contents))
    if settings is None or faults:
        raise ConfigError(dict.fromkeys(faults))
    return settings


class _Reader:
    """The files of one folder, every part read even when another one has faults."""

    def __init__(
        self, directory: Path, documents: dict[str, dict[str, object]], faults: list[Fault]
    ) -> None:
        self.directory = directory
        self.documents = documents
        self.faults = faults
        self.sources: dict[str, Source] | None = None

    def settings(self, contents: dict[str, bytes]) -> Settings:
        """Return all settings, or leave with all faults kept."""
        digest = config_digest(contents)
        self.sources = _attempt(self._sources)
        site = _attempt(lambda: site_settings(self.table("site.toml"), self.directory))
        escalation = _attempt(self._escalation)
        alerts = _attempt(lambda: sheet(self._alerts_table(), AlertParams))
        hearing = _attempt(lambda: sheet(self.table("technical.toml"), HearingParams))
        products = _attempt(self._products)
        channels = _attempt(lambda: channel_rows(self.table("channels.toml")))
        detection = _attempt(lambda: detection_file(self.table("detection.toml")))
        expected = _attempt(lambda: expectation_file(self.table("expectations.toml")))
        symptoms = _attempt(lambda: symptom_rows(self.table("symptoms.toml")))
        stay = _attempt(lambda: stay_rows(self.table))
        books = _attempt(self._rule_books)
        doses = _attempt(self._doses)
        mitigation = _attempt(self._mitigation)
        book = self._active_book(books, site)
        signs = all_signs(book, symptoms) if book and symptoms else None
        patterns = _attempt(lambda: pattern_rows(self.table("patterns.toml"), signs))
        clues = _attempt(lambda: clue_file(self.table("clues.toml"), signs))
        ladders = _attempt(lambda: self._ladders(doses, self._known_signs(signs, symptoms)))
        if book is not None and detection is not None:
            self._check_signs(detection, book)
        if signs is not None and detection is not None:
            self._check_refusals(detection, signs)
        if not (site and alerts and products and channels and detection and symptoms and books):
            raise FaultKept
        if not (book and patterns and clues and ladders and mitigation and stay):
            raise FaultKept
        if not (escalation and expected and hearing) or self.faults:
            raise FaultKept
        ward = WardSettings(
            digest=digest,
            detection=detection_params(
                detection, channels, book, symptoms, patterns, clues, expected.expectations()
            ),
            drugs=expected.drug,
            drug_remarks=expected.remark,
            silence=silence_params(detection, channels),
            symptoms=symptoms,
            side_books=tuple(one.book() for one in books if one.name != book.name),
            alerts=alerts,
            escalation=escalation,
            hearing=hearing,
            products=products,
            ladders=ladders_of_site(ladders, mitigation),
            mitigation=mitigation,
            windows=stay.windows,
            schedule=stay.schedule,
            history=stay.history,
        )
        return Settings(
            ward=ward, site=site, digest=digest, sources=self.sources or {}, files=contents
        )

    def table(self, name: str) -> Table:
        """Return the reader of one file."""
        if name not in self.documents:
            raise FaultKept  # a missing or unreadable file has its fault already
        document = self.documents[name]
        return Table(document, file=name, name="", faults=self.faults, sources=self.sources)

    def folder(self, name: str) -> list[Table]:
        """Return the readers of all files of a folder."""
        return [self.table(one) for one in self.documents if one.startswith(f"{name}/")]

    def _sources(self) -> dict[str, Source]:
        """Return the sources; one with faults counts as known, so that it is reported once."""
        table = self.table("sources.toml")
        known: dict[str, Source] = {}
        for key, raw in table.values.items():
            if not isinstance(raw, dict):
                table.keep(key, "must be a table that describes a source")
                continue
            known[key] = Source(
                key=key, citation="?", where="?", quality="ours", verified="not readable"
            )
            row = table.inner(key, raw)
            with suppress(FaultKept):
                known[key] = _source(row, key)
        return known

    def _alerts_table(self) -> Table:
        """Return the reader of alerts.toml, whose chains have a reader of their own."""
        table = self.table("alerts.toml")
        table.asked.add("escalation")
        return table

    def _escalation(self) -> tuple[EscalationStep, ...]:
        table = self.table("alerts.toml")
        rows = records(table, "escalation", EscalationStep)
        for words in escalation_faults(rows):
            table.keep("escalation", words)
        return rows

    def _products(self) -> tuple[Product, ...]:
        files = self.folder("products")
        rows = each(files, lambda table: _only(table, "product", Product))
        made = tuple(product for row in rows for product in row)
        _unique_keys("products", [product.key for product in made], self.faults)
        return made

    def _doses(self) -> dict[str, Dose]:
        table = self.table("doses.toml")
        doses = records(table, "dose", Dose)
        table.close()
        unique(table, "dose", [dose.key for dose in doses])
        return {dose.key: dose for dose in doses}

    def _mitigation(self) -> Mitigation:
        def times(outer: Table) -> MitigationTimes:
            raw = outer.ask("times")
            if not isinstance(raw, dict):
                outer.refuse("times", "must be a table")
            return sheet(outer.inner("times", raw), MitigationTimes)

        return record(self.table("mitigation.toml"), Mitigation, times=times)

    def _rule_books(self) -> tuple[BookFile, ...]:
        made = tuple(each(self.folder("rulebooks"), book_file))
        _unique_keys("rulebooks", [book.name for book in made], self.faults)
        _unique_keys("rulebooks", [rule.id for book in made for rule in book.rule], self.faults)
        return made

    def _active_book(
        self, books: tuple[BookFile, ...] | None, site: SiteSettings | None
    ) -> RuleBook | None:
        if books is None or site is None:
            return None
        able = {book.name: book for book in books if book.can_be_active}
        if site.rule_book in able:
            return able[site.rule_book].rule_book()
        is_known = site.rule_book in {book.name for book in books}
        message = f"unknown rule book {site.rule_book!r}; known: {', '.join(able)}"
        if is_known:
            message = f"{site.rule_book!r} cannot be active: a rule has no grade or asks for more "
            message += f"than vital signs now; these can: {', '.join(able)}"
        self.faults.append(Fault(file="site.toml", table="site", key="rule_book", message=message))
        return None

    def _check_signs(self, file: DetectionFile, book: RuleBook) -> None:
        """Keep a fault for a sign that is not confirmed, and for one that nothing can raise."""
        table = self.table("detection.toml")
        timed = [row.name for row in file.sign]
        for sign in book.signs:
            if sign not in timed:
                table.keep("sign", f"no row for sign {sign!r} of rule book {book.name!r}")
        for sign in timed:
            if sign not in book.signs:
                table.keep("sign", f"sign {sign!r} is in no rule of rule book {book.name!r}")
        for name, rows in (("bypass", file.bypass), ("alone", file.alone)):
            for row in rows:
                if row.sign not in book.signs:
                    table.keep(f"{name} {row.id}", f"unknown sign {row.sign!r}")

    def _check_refusals(self, file: DetectionFile, signs: tuple[str, ...]) -> None:
        """Keep a fault for a sign that baselines should wait for and that nothing can show."""
        for sign in file.baseline.not_during:
            if sign not in signs:
                message = f"unknown sign {sign!r}; known: {', '.join(signs)}"
                self.table("detection.toml").keep("baseline.not_during", message)

    def _ladders(
        self, doses: dict[str, Dose] | None, signs: frozenset[str] | None
    ) -> tuple[Ladder, ...]:
        def rungs(row: Table) -> tuple[LadderStep, ...]:
            return tuple(each(row.rows("steps"), lambda step: _step(step, doses, signs)))

        def ladder(row: Table) -> Ladder:
            made = record(row, Ladder, steps=rungs)
            for words in ladder_faults(made):
                row.keep("steps", words)
            return made

        def file(table: Table) -> list[Ladder]:
            made = each(table.rows("ladder"), ladder)
            table.close()
            return made

        made = tuple(one for rows in each(self.folder("ladders"), file) for one in rows)
        _unique_keys("ladders", [one.key for one in made], self.faults)
        self.faults += [file_fault("ladders", words) for words in coverage_faults(made)]
        return made

    @staticmethod
    def _known_signs(
        signs: tuple[str, ...] | None, symptoms: tuple[SymptomRow, ...] | None
    ) -> frozenset[str] | None:
        if signs is None or symptoms is None:
            return None
        named = {*signs, *(row.name for row in symptoms)}
        return CIRCUMSTANCES | frozenset(FLAG_NAMES) | named


def _attempt(reader: Callable[[], T]) -> T | None:
    """Return what a reader makes, or None when it left with its faults kept."""
    try:
        return reader()
    except FaultKept:
        return None


def _source(row: Table, key: str) -> Source:
    return record(row, Source, key=lambda _: key)


def _step(row: Table, doses: dict[str, Dose] | None, signs: frozenset[str] | None) -> LadderStep:
    """Return one rung; its dose is a key of doses.toml, its signs must exist."""

    def dose(step: Table) -> Dose | None:
        step.asked.add("dose")
        if "dose" not in step.values:
            return None
        key = step.read("dose", str)
        if doses is not None and key not in doses:
            step.refuse("dose", f"unknown dose {key!r}: it is not in doses.toml")
        return doses[key] if doses is not None else None

    made = record(row, LadderStep, dose=dose)
    for key in ("signs", "beside", "tried_against"):
        named: tuple[str, ...] = getattr(made, key)
        for sign in named:
            if signs is not None and sign not in signs:
                row.keep(key, f"unknown sign, symptom or fact {sign!r}")
    return made


def _only(table: Table, key: str, kind: type[T]) -> tuple[T, ...]:
    """Return the rows of a file that holds one array of tables and nothing else."""
    made = records(table, key, kind)
    table.close()
    return made


def _unique_keys(folder: str, keys: list[str], faults: list[Fault]) -> None:
    for key in dict.fromkeys(keys):
        if keys.count(key) > 1:
            message = f"duplicate key {key!r}: it stands {keys.count(key)} times"
            faults.append(Fault(file=folder, table="", key="", message=message))
