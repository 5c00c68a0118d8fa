"""Whether two objects are the same down to the last attribute, whatever they are made of."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import msgspec
import numpy as np


def differences(one: object, other: object, *, but: frozenset[str], at: str = "") -> Iterator[str]:
    """Yield the places at which two objects differ; attributes named in ``but`` are passed over.

    Order counts in dictionaries, because programs walk through them; it does not in sets.
    """
    if one is other:
        return
    if type(one) is not type(other):
        yield f"{at}: {type(one).__name__} is not {type(other).__name__}"
        return
    mine, yours = _parts(one), _parts(other)
    if list(mine) != list(yours):
        yield f"{at}: {list(mine)} is not {list(yours)}"
        return
    for name in mine:
        if name not in but:
            yield from differences(mine[name], yours[name], but=but, at=f"{at}.{name}")
    if not mine and not _equal(one, other):
        yield f"{at}: {one!r} is not {other!r}"


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


def _parts(one: object) -> dict[object, object]:
    """Return what an object is made of, in its order; nothing for what can only be compared."""
    if isinstance(one, dict):
        return dict(one)
    if isinstance(one, list | tuple):
        return dict(enumerate(one))
    names = getattr(one, "__struct_fields__", ()) if isinstance(one, msgspec.Struct) else ()
    if is_dataclass(one):
        names = tuple(field.name for field in fields(one))
    return {name: getattr(one, name) for name in (*names, *sorted(getattr(one, "__dict__", ())))}
