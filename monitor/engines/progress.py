"""Progress that outlives the process: what is done is written down, and not done again.

The file begins with what the work was: items done under another configuration or by another
program are another work, and such a file is refused rather than mixed. A last line that was torn
by a kill counts as not done.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from monitor.adapters.recording import InputFileError
from monitor.engines.work import Done


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    work: str


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    item: str
    result: str


class Progress:
    """A file of results that grows while work is done."""

    def __init__(self, path: Path, *, work: str) -> None:
        """Open or make the file of one work.

        Raises
        ------
        InputFileError
            If it is of another work, is none of ours, or cannot be written.
        """
        self._path = path
        self.done = {one.item: one for one in _read(path, work)} if path.exists() else {}
        try:
            self._file = path.open("wb")
        except OSError as fault:
            raise InputFileError(path, f"cannot be written: {fault.strerror}") from fault
        # Written anew, so that a torn last line is gone before anything follows it.
        self._file.write(msgspec.json.encode(_Head(work=work)) + b"\n")
        for one in self.done.values():
            self.add(one)

    def add(self, done: Done) -> None:
        """Write down what came of an item."""
        result = base64.b64encode(done.result).decode("ascii")
        self._file.write(msgspec.json.encode(_Line(item=done.item, result=result)) + b"\n")
        self._file.flush()
        self.done[done.item] = done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _read(path: Path, work: str) -> Iterator[Done]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
        head = msgspec.json.decode(lines[0], type=_Head) if lines else None
    except (OSError, msgspec.MsgspecError) as fault:
        raise InputFileError(path, f"is no file of progress ({fault}); name another") from fault
    if head is None:
        return
    if head.work != work:
        raise InputFileError(
            path, f"belongs to other work ({head.work}), not to this ({work}); name another"
        )
    for number, line in enumerate(lines[1:], start=2):
        try:
            found = msgspec.json.decode(line, type=_Line)
            result = base64.b64decode(found.result, validate=True)
        except (msgspec.MsgspecError, ValueError) as fault:
            if number == len(lines) and not line.endswith(b"\n"):
                return
            raise InputFileError(path, f"is no line of progress ({fault})", line=number) from fault
        yield Done(item=found.item, result=result)
