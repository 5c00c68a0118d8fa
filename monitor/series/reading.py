"""A recording out of a store: the messages and steps of a unit, as the journal had them.

Messages carry their number and that of their step, so what comes back is the inbox, byte for
byte and step by step, and a replay of it gives the effects that the ledger holds. Where one journal
of the unit ended and the next one began, numbers begin anew; rows of both are told apart by epoch.
"""

import base64
from collections.abc import Iterator
from itertools import chain
from typing import Final

from monitor.facts.records import RawMessage, RecordedStep
from monitor.series.points import INBOX, NS_PER_MS, STEP, Field
from monitor.series.stores import Row, SeriesError, SeriesStore
from monitor.wire.outbound import iso

LATE_NS: Final = 3_600_000 * NS_PER_MS
"""A message waits at most this long for its step; so much more of the store is looked at."""


LAST_NS: Final = 2**63 - 2
LAST_MS: Final = LAST_NS // NS_PER_MS
"""No database has a later time."""


def recorded_steps(
    store: SeriesStore, unit: str, *, from_ms: int, to_ms: int
) -> Iterator[RecordedStep]:
    """Yield the steps of a unit whose time is in ``from_ms`` <= time < ``to_ms``.

    Raises
    ------
    SeriesError
        If the store cannot be read, or what it holds is not what was written.
    """
    tags = {"unit": unit}
    from_ns, to_ns = from_ms * NS_PER_MS, to_ms * NS_PER_MS
    messages = _in_order(store.rows(INBOX, tags, from_ns=max(0, from_ns - LATE_NS), to_ns=to_ns))
    waiting = next(messages, None)
    last: tuple[int, int] | None = None
    held: dict[tuple[int, int], list[RawMessage]] = {}
    for t_ns, fields in _in_order(store.rows(STEP, tags, from_ns=from_ns, to_ns=to_ns)):
        epoch, n = here = _epoch(fields), _number(fields, "n")
        if last is not None and last[0] == epoch and n != last[1] + 1:
            raise SeriesError(
                f"{store.name}: unit {unit}: steps {last[1] + 1} to {n - 1} are missing; send the "
                "journal again, or ask for a time after them"
            )
        last = here
        while waiting is not None:
            of_step = _epoch(waiting[1]), _number(waiting[1], "step")
            if waiting[0] // NS_PER_MS > t_ns // NS_PER_MS and of_step != here:
                break
            held.setdefault(of_step, []).append(_message(store.name, *waiting))
            waiting = next(messages, None)
        mine = held.pop(here, [])
        for old in [one for one in held if one[0] == epoch and one[1] < n]:
            del held[old]  # of a step before the time that was asked for
        yield RecordedStep(now_ms=t_ns // NS_PER_MS, messages=tuple(mine))


def found_steps(
    store: SeriesStore, unit: str, *, from_ms: int, to_ms: int
) -> Iterator[RecordedStep]:
    """Return the steps of :func:`recorded_steps`, of which there must be one.

    Raises
    ------
    SeriesError
        As there; at once if there is no step in that time, or none of that unit at all.
    """
    steps = recorded_steps(store, unit, from_ms=from_ms, to_ms=to_ms)
    first = next(steps, None)
    if first is not None:
        return chain([first], steps)
    known = next(store.rows(STEP, {"unit": unit}, from_ns=0, to_ns=LAST_NS), None)
    if known is None:
        raise SeriesError(
            f"{store.name}: holds nothing of unit {unit!r}; check --unit and --bucket"
        )
    raise SeriesError(
        f"{store.name}: holds nothing of unit {unit} from {iso(from_ms)} to {iso(to_ms)}; "
        f"its first step is of {iso(known[0] // NS_PER_MS)}"
    )


def _in_order(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows by their number, which may run against time inside one millisecond."""
    group: list[Row] = []
    for row in rows:
        if group and row[0] // NS_PER_MS != group[0][0] // NS_PER_MS:
            yield from sorted(group, key=_place)
            group = []
        group.append(row)
    yield from sorted(group, key=_place)


def _place(row: Row) -> tuple[int, int]:
    return _epoch(row[1]), _number(row[1], "n")


def _epoch(fields: dict[str, Field]) -> int:
    """Return which journal gave the number; 0 for rows of before journals were told apart."""
    return _number(fields, "epoch") if "epoch" in fields else 0


def _number(fields: dict[str, Field], name: str) -> int:
    value = fields.get(name)
    if not (isinstance(value, float) and value.is_integer()):
        raise SeriesError(
            f"a row without a whole number in its field {name!r}: not written by this program"
        )
    return int(value)


def _message(store: str, t_ns: int, fields: dict[str, Field]) -> RawMessage:
    try:
        topic = _bytes(store, fields, "topic").decode("utf-8")
    except UnicodeDecodeError as fault:
        raise SeriesError(f"{store}: a topic that is no text ({fault})") from fault
    return RawMessage(
        received_ms=t_ns // NS_PER_MS,
        topic=topic,
        payload=_bytes(store, fields, "payload"),
        retained=bool(fields.get("retained")),
    )


def _bytes(store: str, fields: dict[str, Field], name: str) -> bytes:
    plain, coded = fields.get(name), fields.get(f"{name}_b64")
    if isinstance(plain, str):
        return plain.encode("utf-8", "surrogatepass")
    if not isinstance(coded, str):
        raise SeriesError(f"{store}: a message without its {name}")
    try:
        return base64.b64decode(coded, validate=True)
    except ValueError as fault:
        raise SeriesError(f"{store}: a {name} that is neither text nor base64 ({fault})") from fault
