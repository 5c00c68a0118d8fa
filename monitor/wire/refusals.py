"""Why a message is refused: the reason codes, and how a decoder's fault becomes one of them.

A refusal names reason, field, value and limit, so that the person who maintains the sender can
mend it without asking. The slow road is taken only for messages that fail: the payload is read
a second time with the standard library, which gives the offending value and tells NaN (no JSON,
but sent by many) from real garbage.
"""

import json
import re
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

import msgspec

from monitor.wire.payloads import MAX_DEPTH

Reason: TypeAlias = Literal[
    "unknown-topic",
    "unknown-kind",
    "bad-id",
    "roaming-bed",
    "oversized",
    "retained",
    "not-utf8",
    "not-json",
    "too-deep",
    "missing-field",
    "wrong-type",
    "quoted-number",
    "not-finite",
    "out-of-range",
    "unknown-channel",
    "duplicate-channel",
    "unknown-unit",
    "wrong-unit",
    "unknown-value",
    "too-many-values",
    "no-values",
    "too-long",
    "bad-text",
    "bad-stamp",
    "future-stamp",
    "ancient-stamp",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

MAX_SHOWN: Final = 64
"""Characters of an offending value that a refusal repeats."""


class Refusal(Exception):  # noqa: N818  # not an error of this program: an answer to a sender
    """A message is not taken; it becomes a record before it leaves the decoder."""

    def __init__(self, reason: Reason, field: str, value: object, limit: str) -> None:
        super().__init__(reason, field, value, limit)
        self.reason = reason
        self.field = field
        self.value = value
        self.limit = limit


def printable(text: str) -> str:
    """Return a text in which nothing can end a line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)


def shown(value: object) -> str:
    """Return a value as a bounded, printable text."""
    if value is None:
        return "null"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = printable(text[: MAX_SHOWN + 1])
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


# Texts are taken out first, because brackets inside them open nothing.
_TEXTS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[\[\]{}]")


def depth_of(payload: bytes) -> int:
    """Return how deeply objects and arrays are nested, without recursion."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(_TEXTS.sub(b"", payload)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def check_depth(payload: bytes) -> None:
    """Refuse a payload that nests deeper than any message needs."""
    depth = depth_of(payload)
    if depth > MAX_DEPTH:
        raise Refusal("too-deep", "", depth, f"{MAX_DEPTH} levels")


def check_utf8(payload: bytes) -> None:
    """Refuse a payload that is not UTF-8 anywhere, also in fields that are ignored."""
    try:
        payload.decode()
    except UnicodeDecodeError as fault:
        raise Refusal("not-utf8", "", f"byte {fault.start}", "UTF-8") from fault


class _NotFinite(str):
    """NaN or an infinity, written as a bare word that JSON does not have."""

    __slots__ = ()


def _integer(digits: str) -> int | float:
    # Python refuses to read integers of thousands of digits; as a float they are infinite.
    return int(digits) if len(digits) < MAX_SHOWN else float(digits)


def _tree(payload: bytes, fault: Exception) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(payload, parse_constant=_NotFinite, parse_int=_integer)
    except ValueError as error:
        raise Refusal("not-json", "", "", str(error)) from fault


def _first_not_finite(tree: object, path: str) -> tuple[str, str] | None:
    if isinstance(tree, _NotFinite):
        return path, str(tree)
    branches: list[tuple[str, object]] = []
    if isinstance(tree, dict):
        branches = [(f"{path}.{key}" if path else key, branch) for key, branch in tree.items()]
    elif isinstance(tree, list):
        branches = [(f"{path}[{index}]", branch) for index, branch in enumerate(tree)]
    for branch_path, branch in branches:
        found = _first_not_finite(branch, branch_path)
        if found is not None:
            return found
    return None


_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def _value_at(tree: Any, path: str) -> object:  # noqa: ANN401  # any JSON value
    for match in _STEP.finditer(path):
        key, index = match.groups()
        try:
            tree = tree[key] if index is None else tree[int(index)]
        except (KeyError, IndexError, TypeError):
            return ""
    return tree


_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*)`")
_NUMERAL: Final = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


def explain(fault: Exception, payload: bytes, expected: type) -> Refusal:
    """Return the refusal that a fault stands for, met while reading an ``expected`` struct."""
    try:
        check_utf8(payload)
        check_depth(payload)
        tree = _tree(payload, fault)
    except Refusal as refusal:
        return refusal
    infinite = _first_not_finite(tree, "")
    if infinite is not None:
        return Refusal("not-finite", *infinite, "a finite number")
    if not isinstance(fault, msgspec.ValidationError):
        return Refusal("not-json", "", "", str(fault))
    match = _PLACE.match(str(fault))
    what, path = (match["what"], match["path"] or "") if match else (str(fault), "")
    missing = _MISSING.fullmatch(what)
    if missing is not None:
        field = f"{path}.{missing['name']}" if path else missing["name"]
        return Refusal("missing-field", field, "", "required")
    value = _value_at(tree, path)
    reason = _reason(what, path, value)
    return Refusal(reason, path, value, _limit(reason, what, path, expected))


_LIMITS: Final[dict[str, str]] = {
    "bad-stamp": "ISO 8601 with Z or an offset, as in 2026-11-22T13:45:12Z",
    "bad-text": "some text without control characters",
    "not-finite": "a finite number",
    "quoted-number": "a number without quotation marks",
}


def _limit(reason: Reason, what: str, path: str, expected: type) -> str:
    """Return what would have been taken in place of the value."""
    if reason in _LIMITS:
        return _LIMITS[reason]
    if what.startswith("Invalid enum value"):
        return " ".join(_words(expected, path))
    rest = what.removeprefix("Expected ").partition(", got ")[0].replace("`", "")
    # What keeps a newline off the end of a pattern is no news to a sender.
    return rest.removeprefix("str matching regex ").partition("(?!")[0].strip("'")


def _words(expected: Any, path: str) -> tuple[str, ...]:  # noqa: ANN401  # any type annotation
    """Return the words of the closed set that a path leads to, out of the struct itself."""
    for name in re.findall(r"[a-z_]+", path):
        # Of the kinds that a value may have, one has the name that the path goes on with.
        hints = (get_type_hints(kind) for kind in _kinds(expected) if isinstance(kind, type))
        expected = next(found[name] for found in hints if name in found)
    return next(get_args(kind) for kind in _kinds(expected) if get_origin(kind) is Literal)


def _kinds(annotation: Any) -> list[Any]:  # noqa: ANN401  # any type annotation
    """Return the kinds of value that an annotation allows, out of its tuples and unions."""
    options = get_args(annotation)
    if not options or get_origin(annotation) is Literal:
        return [annotation]
    return [kind for option in options for kind in _kinds(option)]


def _reason(what: str, path: str, value: object) -> Reason:  # noqa: PLR0911  # one line a reason
    if what.startswith("Invalid enum value"):
        return _enum_reason(path)
    if "RFC3339" in what or "timezone" in what:
        return "bad-stamp"
    if "array` of length" in what:
        return "no-values" if ">=" in what else "too-many-values"
    if "str` of length" in what:
        return "too-long"
    if "matching regex" in what:
        return _text_reason(path, value)
    if what == "Number out of range":
        return "not-finite"
    if ", got " in what:
        is_number = "`int" in what or "`float" in what
        if is_number and isinstance(value, str) and _NUMERAL.fullmatch(value):
            return "quoted-number"
        return "wrong-type"
    return "out-of-range"


def _enum_reason(path: str) -> Reason:
    name = path.rpartition(".")[2]
    if name == "ch" or name.startswith("channels["):
        return "unknown-channel"
    return "unknown-unit" if name == "u" else "unknown-value"


def _text_reason(path: str, value: object) -> Reason:
    if path in {"session", "subject"} or path.startswith("devices["):
        return "bad-id"
    # The id of a session is an id; ids of acts are texts that a sender chooses.
    return (
        "bad-id" if path == "id" and isinstance(value, str) and value.isprintable() else "bad-text"
    )
