"""Faults of a station's own files while it runs: told in the log, and answered without their names.

Somebody may write a file of users or an audit wrongly while people look at the beds. What needs
that file is refused until it is mended; everything else goes on.
"""

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from monitor.adapters.deeds import AuditError
from monitor.adapters.logbook import ROOT, log
from monitor.station.people import UsersFileError

LOG: Final = logging.getLogger(f"{ROOT}.station")

UNREADABLE: Final = "a file of this station cannot be read; its log says which and why"


async def file_fault(_request: Request, fault: Exception) -> Response:
    """Answer that something cannot be done before a file is mended."""
    log(LOG, logging.ERROR, "own-file-unreadable", reason=str(fault))
    return JSONResponse({"error": UNREADABLE}, 503)


FAULTS: Final = dict.fromkeys((AuditError, UsersFileError), file_fault)
"""What answers each fault of a file."""
