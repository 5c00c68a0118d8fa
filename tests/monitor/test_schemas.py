"""The schemas accept every stored message and refuse what one field alone shows."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from wire import OUTBOUND, Refused, golden_inbound, refused

from monitor.wire.schemas import DIALECT, PAYLOADS, PUBLISHED, schema, schemas
from monitor.wire.topics import KINDS, OUTBOUND_KINDS

GOLDEN = golden_inbound()
CORPUS = refused()
SEEN = [row for row in CORPUS if row.by == "schema"]
UNSEEN = [row for row in CORPUS if row.by == "decoder"]


def is_valid(kind: str, payload: bytes) -> bool:
    return bool(Draft202012Validator(schema(kind)).is_valid(json.loads(payload)))


@pytest.mark.parametrize("name", GOLDEN)
def test_a_stored_message_is_valid(name: str) -> None:
    kind, payload = GOLDEN[name]
    Draft202012Validator(schema(kind)).validate(json.loads(payload))


@pytest.mark.parametrize("row", SEEN, ids=[row.name for row in SEEN])
def test_a_fault_of_one_field_is_seen_by_the_schema(row: Refused) -> None:
    assert not is_valid(row.kind, row.message.payload)


@pytest.mark.parametrize("row", UNSEEN, ids=[row.name for row in UNSEEN])
def test_a_fault_between_fields_or_in_time_is_left_to_the_decoder(row: Refused) -> None:
    assert is_valid(row.kind, row.message.payload)


def published() -> list[Any]:
    cases = []
    for path in sorted(OUTBOUND.glob("*.announced.json")):
        for number, said in enumerate(json.loads(path.read_text())):
            # One effect may be said in several ways: a refused act is rejected and answered.
            level = said["topic"].split("/")[5]
            kind = "monitor-status" if level == "status" else level
            if said["payload"] is not None:
                cases.append(pytest.param(kind, said["payload"], id=f"{path.name}:{number}"))
    return cases


@pytest.mark.parametrize(("kind", "payload"), published())
def test_a_stored_announcement_is_valid(kind: str, payload: dict[str, Any]) -> None:
    Draft202012Validator(schema(kind)).validate(payload)
    assert not Draft202012Validator(schema(kind)).is_valid({})


def test_every_kind_in_and_out_has_a_schema_of_the_dialect() -> None:
    everything = schemas()
    assert set(PAYLOADS) == set(KINDS)
    assert set(PUBLISHED) == {*OUTBOUND_KINDS, "monitor-status", "lease", "standby"}
    assert list(everything) == [*PAYLOADS, *PUBLISHED]
    for kind, text in everything.items():
        Draft202012Validator.check_schema(text)
        assert text["$schema"] == DIALECT
        assert text["title"] == kind
        json.dumps(text)
