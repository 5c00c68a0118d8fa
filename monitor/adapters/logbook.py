"""Log lines: one event each, with stable names and ``key=value`` or JSON for what belongs to it.

Only shells and adapters log; the core returns facts. A bed, a device and a pseudonym may stand
in a line, a payload or a name of a person never does.
"""

import io
import logging
import sys
from datetime import UTC, datetime
from typing import Final, Literal, TextIO, TypeAlias

import msgspec

from monitor.adapters.scribe import Scribe

ROOT: Final = "infusion_monitor"
"""Name of the logger whose children all of this program's are."""

LogStyle: TypeAlias = Literal["text", "json"]
Field: TypeAlias = str | int | float | bool | None


def log(logger: logging.Logger, level: int, event: str, /, **fields: Field) -> None:
    """Write one event; its name is an identifier that people may search and alert on."""
    if logger.isEnabledFor(level):
        logger.log(level, event, extra={"fields": fields})


def fields_of(record: logging.LogRecord) -> dict[str, Field]:
    """Return what belongs to the event of a record."""
    fields: dict[str, Field] = getattr(record, "fields", {})
    return fields


def event_of(record: logging.LogRecord) -> str:
    """Return the name of the event, on one line whatever a library wrote."""
    return " ".join(record.getMessage().split())


class TextLines(logging.Formatter):
    """``2026-11-22T13:45:12.000Z INFO event key=value`` for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        parts = [_stamp(record), record.levelname, event_of(record)]
        parts += [f"{key}={_shown(value)}" for key, value in fields_of(record).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """The same as one JSON object a line, for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        ours = {"t": _stamp(record), "level": record.levelname.lower(), "event": event_of(record)}
        # No field may take the place of what every line has.
        entry: dict[str, Field] = {**ours, **fields_of(record), **ours}
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry).decode("utf-8")


def _stamp(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(value: Field) -> str:
    text = str(value)
    if text and text.isprintable() and not any(sign in text for sign in ' "='):
        return text
    return msgspec.json.encode(text).decode("utf-8")


def start_logging(style: LogStyle, *, level: int = logging.INFO, to: TextIO | None = None) -> None:
    """Send the events of this program to standard error, or where told.

    Standard error is written by a thread of its own: a log that nobody reads stops nobody.
    """
    handler = _handler(sys.stderr if to is None else to)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger(ROOT)
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False
    # What the MQTT library says in passing is of interest only when somebody looks for a fault.
    paho_level = level if level <= logging.DEBUG else logging.ERROR
    logging.getLogger(f"{ROOT}.paho").setLevel(paho_level)


def finish_logging() -> None:
    """Wait until what was logged is written, as far as somebody reads it."""
    for handler in logging.getLogger(ROOT).handlers:
        handler.flush()


def _handler(to: TextIO) -> logging.Handler:
    try:
        return Scribe(to.fileno())
    except io.UnsupportedOperation:
        return logging.StreamHandler(to)
