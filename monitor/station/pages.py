"""The files of the page, each with a tag, so that a browser asks only whether it has changed.

Nothing is loaded from elsewhere and nothing is built: what stands in the folder is what is sent.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER: Final = Path(__file__).with_name("page")

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PACKED: Final = frozenset({".css", ".html", ".js", ".json", ".svg", ".webmanifest"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One file, ready to be sent."""

    changed_ns: int
    whole: bytes
    packed: bytes | None
    tag: str
    media_type: str


class Pages:
    """The files of one folder; nothing outside it can be named."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._files: dict[str, PageFile] = {}

    async def index(self, request: Request) -> Response:
        """Answer with the page."""
        return self._answer(request, "index.html")

    async def file(self, request: Request) -> Response:
        """Answer with a file of the page."""
        return self._answer(request, str(request.path_params["name"]))

    def _answer(self, request: Request, name: str) -> Response:
        file = self._file(name)
        if file is None:
            raise HTTPException(404, "there is no such file")
        headers = {"etag": file.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        accepted = request.headers.get("accept-encoding", "")
        if file.packed is not None and "gzip" in accepted:
            headers["content-encoding"] = "gzip"
            return Response(file.packed, headers=headers, media_type=file.media_type)
        return Response(file.whole, headers=headers, media_type=file.media_type)

    def _file(self, name: str) -> PageFile | None:
        """Return a file by a name that the folder itself lists, never by a path that was sent."""
        path = {one.name: one for one in self.folder.iterdir()}.get(name)
        if path is None or path.suffix not in TYPES:
            return None
        changed_ns = path.stat().st_mtime_ns
        known = self._files.get(name)
        if known is None or known.changed_ns != changed_ns:
            whole = path.read_bytes()
            packed = gzip.compress(whole, 6, mtime=0) if path.suffix in PACKED else None
            known = self._files[name] = PageFile(
                changed_ns=changed_ns,
                whole=whole,
                packed=packed,
                tag=f'"{hashlib.sha256(whole).hexdigest()[:20]}"',
                media_type=TYPES[path.suffix],
            )
        return known
