"""The stored messages and refused messages of the wire, and how tests read them."""

import base64
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from monitor.facts.records import Input, RawMessage
from monitor.wire.messages import decode, milliseconds, topic

TESTS: Final = Path(__file__).parent
INBOUND: Final = TESTS / "golden" / "messages" / "in"
OUTBOUND: Final = TESTS / "golden" / "messages" / "out"
CORPUS: Final = TESTS / "corpus" / "refused.toml"

RECEIVED_MS: Final = milliseconds(datetime(2026, 11, 22, 13, 45, 12, 250_000, tzinfo=UTC))
UNIT, BED, DEVICE = "inf-a", "17", "dev-1"


class Refused(NamedTuple):
    """One row of the corpus: a message, who sees the fault, and what the refusal must say."""

    name: str
    kind: str
    message: RawMessage
    by: str
    reason: str
    field: str
    value: str | None
    limit: str | None


def raw(kind: str, payload: bytes, *, retained: bool = False) -> RawMessage:
    """Return a message of the usual device, received when every stored message was."""
    return RawMessage(
        received_ms=RECEIVED_MS,
        topic=topic(UNIT, BED, DEVICE, kind),
        payload=payload,
        retained=retained,
    )


def taken(kind: str, payload: bytes) -> Input:
    """Return the record of a payload that the usual device sends."""
    return decode(raw(kind, payload), position=3)


def golden_inbound() -> dict[str, tuple[str, bytes]]:
    """Return the stored incoming messages: name to kind and payload."""
    files = sorted(path for path in INBOUND.glob("*.json") if not path.match("*.record.json"))
    return {path.stem: (path.stem.partition(".")[0], path.read_bytes()) for path in files}


def as_json(record: Input) -> dict[str, Any]:
    """Return a record as it is stored beside its message."""
    return {"record": type(record).__name__, **msgspec.to_builtins(record)}


def refused() -> list[Refused]:
    """Return the corpus of messages that must be refused."""
    rows = tomllib.loads(CORPUS.read_text())["refused"]
    return [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> Refused:
    if "base64" in row:
        payload = base64.b64decode(row["base64"])
    elif "values" in row:
        values = row["values"]
        payload = f'{{"seq":1,"t":"2026-11-22T13:45:12Z","values":[{values}]}}'.encode()
    else:
        payload = row["payload"].encode() * row.get("times", 1)
    kind = row.get("kind", "vitals")
    return Refused(
        name=row["name"],
        kind=kind,
        message=RawMessage(
            received_ms=RECEIVED_MS,
            topic=row.get("topic", topic(UNIT, BED, DEVICE, kind)),
            payload=payload,
            retained=row.get("retained", False),
        ),
        by=row["by"],
        reason=row["reason"],
        field=row["field"],
        value=row.get("value"),
        limit=row.get("limit"),
    )
