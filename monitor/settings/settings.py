"""A folder of TOML files becomes the settings of a ward and of its site, or all of its faults.

Nothing is repaired, defaulted or skipped: an unknown file or key, a missing key, a wrong type
or unit, an unknown source, a limit that does not rise with its grade, a dose on one source -
each is one sentence with file, table and key, and all of them are reported together. The
SHA-256 digest over names and bytes of all files says later which limits were in force.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from detectors.context import FLAG_NAMES
from detectors.rulebook import RuleBook
from detectors.symptoms import SymptomRow
from monitor.care.escalation import EscalationStep, escalation_faults
from monitor.care.hearing import HearingParams
from monitor.care.ladders import Dose, Ladder, LadderStep, coverage_faults, ladder_faults
from monitor.care.products import Product
from monitor.care.variants import Mitigation, MitigationTimes, ladders_of_site
from monitor.settings.book_tables import BookFile, book_file
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
]

FILES: Final = (
    "alerts.toml", "channels.toml", "detection.toml", "doses.toml", "clues.toml",
    "expectations.toml", "history.toml", "mitigation.toml", "patterns.toml", "schedules.toml",
    "site.toml", "sources.toml", "symptoms.toml", "technical.toml", "watches.toml",
)  # fmt: skip
FOLDERS: Final = ("ladders", "products", "rulebooks")

SYNTAX_PLACE: Final = re.compile(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything read from one folder."""

    ward: WardSettings
    site: SiteSettings
    digest: str
    sources: dict[str, Source]


def load_settings(directory: Path) -> Settings:
    """Return the settings of a folder; raise ConfigError with every fault there is."""
    faults: list[Fault] = []
    contents = _read_all(directory, faults)
    settings = None
    if contents:
        reader = _Reader(directory, _parsed(contents, faults), faults)
        settings = _attempt(lambda: reader.settings(config_digest(contents)))
    if settings is None or faults:
        raise ConfigError(dict.fromkeys(faults))
    return settings


def config_digest(contents: dict[str, bytes]) -> str:
    """Return the SHA-256 over names and bytes of all files, whatever order they came in."""
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(f"{name}\x00{len(contents[name])}\x00".encode())
        total.update(contents[name])
    return total.hexdigest()


class _Reader:
    """The files of one folder, every part read even when another one has faults."""

    def __init__(
        self, directory: Path, documents: dict[str, dict[str, object]], faults: list[Fault]
    ) -> None:
        self.directory = directory
        self.documents = documents
        self.faults = faults
        self.sources: dict[str, Source] | None = None

    def settings(self, digest: str) -> Settings:
        """Return all settings, or leave with all faults kept."""
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
        return Settings(ward=ward, site=site, digest=digest, sources=self.sources or {})

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
        for row in file.bypass:
            if row.sign not in book.signs:
                table.keep(f"bypass {row.id}", f"unknown sign {row.sign!r}")

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
        self.faults += [_file_fault("ladders", words) for words in coverage_faults(made)]
        return made

    @staticmethod
    def _known_signs(
        signs: tuple[str, ...] | None, symptoms: tuple[SymptomRow, ...] | None
    ) -> frozenset[str] | None:
        if signs is None or symptoms is None:
            return None
        return frozenset(FLAG_NAMES) | frozenset(signs) | frozenset(row.name for row in symptoms)


def _read_all(directory: Path, faults: list[Fault]) -> dict[str, bytes]:
    """Return the bytes of all TOML files by their names, and keep what is missing or strange."""
    if not directory.is_dir():
        faults.append(_file_fault(str(directory), "no such configuration folder"))
        return {}
    contents: dict[str, bytes] = {}
    for path in _toml_files(directory):
        name = path.relative_to(directory).as_posix()
        if name not in FILES and name.split("/")[0] not in FOLDERS:
            faults.append(_file_fault(name, f"unknown file; known here: {', '.join(FILES)}"))
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            faults.append(_file_fault(name, f"cannot be read: {error.strerror}"))
    told = {fault.file for fault in faults}
    missing = [name for name in FILES if name not in contents and name not in told]
    faults += [_file_fault(name, "missing file") for name in missing]
    for folder in FOLDERS:
        if not any(name.startswith(f"{folder}/") for name in contents):
            faults.append(_file_fault(folder, "missing: the folder needs at least one file"))
    return contents


def _toml_files(directory: Path) -> Iterator[Path]:
    yield from sorted(directory.glob("*.toml"))
    for folder in FOLDERS:
        yield from sorted((directory / folder).glob("*.toml"))


def _parsed(contents: dict[str, bytes], faults: list[Fault]) -> dict[str, dict[str, object]]:
    """Return the documents, with decimals kept exact; a syntax error is a fault with its line."""
    documents: dict[str, dict[str, object]] = {}
    for name, raw in contents.items():
        try:
            documents[name] = tomllib.loads(raw.decode(), parse_float=Decimal)
        except UnicodeDecodeError as error:
            faults.append(_file_fault(name, f"is not UTF-8 at byte {error.start}"))
        except tomllib.TOMLDecodeError as error:
            place = SYNTAX_PLACE.match(str(error))
            line = (place and place[2]) or str(raw.count(b"\n") + 1)
            words = place[1] if place else str(error)
            faults.append(_file_fault(f"{name}:{line}", f"not valid TOML: {words}"))
    return documents


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
    for sign in made.signs:
        if signs is not None and sign not in signs:
            row.keep("signs", f"unknown sign, symptom or fact {sign!r}")
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


def _file_fault(name: str, message: str) -> Fault:
    return Fault(file=name, table="", key="", message=message)
