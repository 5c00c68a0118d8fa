"""Nothing that can come over the wire makes the decoder raise, and every refusal says why."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import RECEIVED_MS, Refused, golden_inbound, raw, refused, taken

from monitor.facts.records import Input, MessageRefused, RawMessage, Record
from monitor.wire.messages import KINDS, decode
from monitor.wire.refusals import MAX_SHOWN, REASONS, depth_of, shown
from monitor.wire.schemas import PAYLOADS

GOLDEN = golden_inbound()
CORPUS = refused()


@pytest.mark.parametrize("row", CORPUS, ids=[row.name for row in CORPUS])
def test_a_refused_message_says_reason_field_value_and_limit(row: Refused) -> None:
    record = decode(row.message, position=5)
    assert isinstance(record, MessageRefused)
    assert (record.reason, record.field) == (row.reason, row.field)
    assert record.value == (record.value if row.value is None else row.value)
    assert record.limit == (record.limit if row.limit is None else row.limit)
    assert record.limit
    assert_well_formed(record, row.message)


def assert_well_formed(record: MessageRefused, message: RawMessage) -> None:
    assert record.reason in REASONS
    assert record.position == 5
    assert record.measured_ms == record.received_ms == message.received_ms
    assert record.sha256 == hashlib.sha256(message.payload).hexdigest()
    for text in (record.topic, record.field, record.value, record.limit, record.excerpt):
        assert text.isprintable()
        text.encode()
    assert len(record.value) <= MAX_SHOWN * 10  # an unprintable mark is shown as ten at most


def test_the_corpus_is_large_and_knows_every_reason() -> None:
    assert len(CORPUS) >= 70
    assert {row.reason for row in CORPUS} == set(REASONS)
    assert len({row.name for row in CORPUS}) == len(CORPUS)


def test_a_refusal_names_the_sender_where_the_topic_tells_it() -> None:
    known = decode(raw("vitals", b""), position=0)
    unknown = decode(RawMessage(received_ms=0, topic="x", payload=b""), position=0)
    assert (known.unit, known.bed, known.device) == ("inf-a", "17", "dev-1")
    assert (unknown.unit, unknown.bed, unknown.device) == ("", "", "")


def test_a_refusal_repeats_the_first_bytes_as_safe_text() -> None:
    record = taken("vitals", b"\x1b[2J\n\xff" + b"a" * 400)
    assert isinstance(record, MessageRefused)
    assert record.excerpt == r"\x1b[2J\n\xff" + "a" * 194


@pytest.mark.parametrize("name", GOLDEN)
def test_a_message_cut_anywhere_is_refused(name: str) -> None:
    kind, payload = GOLDEN[name]
    whole = payload.rstrip()
    for length in range(len(whole)):
        record = taken(kind, whole[:length])
        assert isinstance(record, MessageRefused), whole[:length]
        # A cut inside an ignored text with a bracket, or inside a letter, is seen as such.
        assert record.reason in {"not-json", "not-utf8", "too-deep"}
    assert not isinstance(taken(kind, whole), MessageRefused)


Path = tuple[str | int, ...]


def fields_of(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401  # any JSON value
    """Yield the path of every field and element of a JSON value."""
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, branch in branches:
        yield (*path, key)
        if isinstance(branch, dict | list):
            yield from fields_of(branch, (*path, key))


def edited(payload: bytes, path: Path, *replacement: object) -> bytes:
    """Return a payload with a field removed, or replaced if a replacement is given."""
    tree = json.loads(payload)
    branch = tree
    for key in path[:-1]:
        branch = branch[key]
    if replacement:
        branch[path[-1]] = replacement[0]
    else:
        del branch[path[-1]]
    return json.dumps(tree).encode()


def wire_path(path: Path) -> str:
    steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return "".join(steps).removeprefix(".")


CASES = [
    pytest.param(kind, payload, path, id=f"{name}:{wire_path(path)}")
    for name, (kind, payload) in GOLDEN.items()
    for path in fields_of(json.loads(payload))
]


def is_required(kind: str, path: Path, payload: bytes) -> bool:
    """Tell whether the structs of a kind demand a field, where the message is one of them."""
    if isinstance(path[-1], int):
        return False
    if len(path) == 1:
        shapes = [
            {field.encode_name: field.required for field in msgspec.structs.fields(struct)}
            for struct in PAYLOADS[kind]
        ]
        return all(shape.get(str(path[0]), False) for shape in shapes)
    parent = json.loads(payload)
    for key in path[:-1]:
        parent = parent[key]
    return path[-1] in {"ch", "v"} or (path[-1] == "u" and parent["v"] is not None)


@pytest.mark.parametrize(("kind", "payload", "path"), CASES)
def test_a_message_without_a_field_is_taken_or_refused_for_that_field(
    kind: str, payload: bytes, path: Path
) -> None:
    if path[0] == "vendor":
        return
    record = taken(kind, edited(payload, path))
    if is_required(kind, path, payload):
        assert isinstance(record, MessageRefused)
        assert (record.reason, record.field) == ("missing-field", wire_path(path))
    elif isinstance(record, MessageRefused):
        assert record.reason in {"missing-field", "no-values"}


OTHERS: tuple[object, ...] = ("x", "72", 1, -1.5, True, None, [], [1], {}, {"a": {"b": [0]}})


@pytest.mark.parametrize(("kind", "payload", "path"), CASES)
def test_a_field_of_another_type_is_taken_or_refused(kind: str, payload: bytes, path: Path) -> None:
    original = json.loads(payload)
    for key in path:
        original = original[key]
    for other in OTHERS:
        record = taken(kind, edited(payload, path, other))
        assert isinstance(record, Record)
        if must_be_refused(kind, payload, path, original, other):
            assert isinstance(record, MessageRefused)
            # What is refused for its depth was not looked into, so no field is named.
            too_deep = record.reason == "too-deep"
            assert too_deep or record.field.startswith(wire_path(path))


def must_be_refused(kind: str, payload: bytes, path: Path, original: object, other: object) -> bool:
    """Tell whether a required field got a type that cannot stand for its own."""
    if original is None or not is_required(kind, path, payload):
        return False
    if path[-1] == "v" and other is None and path[0] == "values":
        return False  # the number may be null, which asks for a reason in another field
    if type(original) in {int, float} and type(other) in {int, float}:
        return False
    return type(original) is not type(other)


def is_answer(record: Input, message: RawMessage) -> None:
    assert isinstance(record, Record)
    if isinstance(record, MessageRefused):
        assert_well_formed(record, message)


@given(
    topic=st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.from_regex(r"irm/v1/[a-z_/]*/[a-z_0-9]*/.*", fullmatch=True),
        st.sampled_from([f"irm/v1/a/1/d/{kind}" for kind in KINDS]),
    ),
    payload=st.binary(max_size=400),
    retained=st.booleans(),
    received_ms=st.integers(-(2**62), 2**62),
)
def test_no_topic_and_no_bytes_raise(
    topic: str, payload: bytes, received_ms: int, *, retained: bool
) -> None:
    message = RawMessage(received_ms=received_ms, topic=topic, payload=payload, retained=retained)
    is_answer(decode(message, position=5), message)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["hr", "/min", "2026-11-22T13:45:12Z", "open", "ack", "infusing", "kPa"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["ch", "v", "u", "t", "seq", "values", "id", "by", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(data=st.data())
def test_no_change_of_a_stored_message_raises(data: st.DataObject) -> None:
    kind, payload = GOLDEN[data.draw(st.sampled_from(sorted(GOLDEN)))]
    if data.draw(st.booleans(), label="change a field"):
        path = data.draw(st.sampled_from(list(fields_of(json.loads(payload)))))
        changed = edited(payload, path, data.draw(JSON_VALUES))
    else:
        at = data.draw(st.integers(0, len(payload)))
        cut = data.draw(st.integers(0, 20))
        changed = payload[:at] + data.draw(st.binary(max_size=20)) + payload[at + cut :]
    message = RawMessage(
        received_ms=RECEIVED_MS, topic=f"irm/v1/inf-a/17/dev-1/{kind}", payload=changed
    )
    is_answer(decode(message, position=5), message)


def naive_depth(text: str) -> int:
    deepest = depth = 0
    is_text = is_escaped = False
    for mark in text:
        if is_text:
            is_text = is_escaped or mark != '"'
            is_escaped = mark == "\\" and not is_escaped
        elif mark == '"':
            is_text = True
        elif mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


@given(st.text(alphabet='[]{}"\\a,', max_size=60))
def test_depth_is_that_of_a_walk_mark_by_mark(text: str) -> None:
    assert depth_of(text.encode()) == naive_depth(text)


@given(st.recursive(st.just(0), lambda inner: st.lists(inner, min_size=1, max_size=3)))
def test_depth_decides_about_nested_extra_fields(tree: Any) -> None:  # noqa: ANN401  # any JSON value
    values = b'[{"ch":"hr","v":72,"u":"/min"},{"ch":"rr","v":12,"u":"/min"}]'
    extra = json.dumps(tree).encode()
    head = b'{"seq":1,"t":"2026-11-22T13:45:12Z","x":'
    record = taken("vitals", head + extra + b',"values":' + values + b"}")
    is_deep = naive_depth(extra.decode()) + 1 > 6
    assert (isinstance(record, MessageRefused) and record.reason == "too-deep") == is_deep


def test_a_shown_value_is_short_and_printable() -> None:
    assert shown("a" * 100) == "a" * 63 + "…"
    assert shown("\x00\u202e") == r"\x00\u202e"
    assert shown(None) == "null"
    assert shown([True, "é"]) == '[true, "é"]'
    assert re.fullmatch(r"\[.{62}…", shown([0] * 100))


def test_a_fault_that_a_second_key_of_the_same_name_hides_is_still_named() -> None:
    record = taken("vitals", b'{"seq":1,"values":[{"ch":"etco2"}],"values":5}')
    assert isinstance(record, MessageRefused)
    assert (record.reason, record.field, record.value) == ("unknown-channel", "values[0].ch", "")
