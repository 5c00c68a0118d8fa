"""Exit codes: what a shell script learns from how the program ended."""

from typing import Final

from monitor.adapters.access import LinkError
from monitor.adapters.broker import BrokerError
from monitor.adapters.journal_file import JournalError, JournalInUseError, StoreError
from monitor.adapters.recording import InputFileError
from monitor.adapters.table_files import ExtraMissingError
from monitor.tables.faults import ConfigError

FOUND: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
BAD_INPUT: Final = 4

_CODES: Final[tuple[tuple[type[Exception], int], ...]] = (
    (ConfigError, FOUND),
    (ExtraMissingError, USAGE),
    (LinkError, UNREACHABLE),
    (BrokerError, UNREACHABLE),
    (JournalInUseError, UNREACHABLE),
    (StoreError, UNREACHABLE),
    (JournalError, BAD_INPUT),
    (InputFileError, BAD_INPUT),
    (ConnectionError, UNREACHABLE),
    (OSError, UNREACHABLE),
)


def exit_code(fault: Exception) -> int | None:
    """Return the code for an error that people can do something about; None for a bug."""
    return next((code for kind, code in _CODES if isinstance(fault, kind)), None)
