"""What every kernel of the detection core must keep, whatever it computes.

A kernel takes arrays whose first axis is the bed and returns such arrays. :func:`check_kernel`
calls it with the same beds in other company: it may not write to what it was given, not know
the order of the beds, not let one bed see another, not fall over a ward without beds, and not
make a finding out of nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.channels import MISSING, NEVER

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel and what it promises.

    ``per_bed`` names the arguments whose first axis is the bed. ``dtypes`` are those of its
    result (of its fields, when it returns a record). ``nothing`` are the values it must return
    everywhere (or along its last axis) when nothing is known about any bed; ``counts`` are
    arguments of which that means 0 and not MISSING, ``unknowns`` those with a word of their own
    for it.
    """

    call: Callable[..., Any]
    per_bed: tuple[str, ...]
    dtypes: tuple[type[np.generic], ...]
    nothing: tuple[float | Array, ...]
    counts: tuple[str, ...] = ()
    unknowns: Mapping[str, int] = field(default_factory=dict)


def arrays_of(result: object) -> list[Array]:
    """Return a result as a list of arrays."""
    if isinstance(result, np.ndarray):
        return [result]
    assert is_dataclass(result)
    return [getattr(result, field.name) for field in fields(result)]


def some_beds(argument: Any, beds: Array) -> Any:  # noqa: ANN401 - an array or a record of arrays
    """Return an argument for some of its beds, in a given order."""
    if isinstance(argument, np.ndarray):
        return argument[beds]
    changed = {field.name: getattr(argument, field.name)[beds] for field in fields(argument)}
    return replace(argument, **changed)


def sealed(argument: Any) -> Any:  # noqa: ANN401 - an array or a record of arrays
    """Return a copy of an argument that refuses to be written to."""
    if isinstance(argument, np.ndarray):
        copy = argument.copy()
        copy.setflags(write=False)
        return copy
    return replace(
        argument,
        **{field.name: sealed(getattr(argument, field.name)) for field in fields(argument)},
    )


def emptied(argument: Any) -> Any:  # noqa: ANN401 - an array or a record of arrays
    """Return an argument in which nothing is known."""
    if isinstance(argument, np.ndarray):
        unknown = {np.dtype(np.int32): MISSING, np.dtype(np.int64): NEVER}
        return np.full_like(argument, unknown.get(argument.dtype, 0))
    return replace(
        argument,
        **{field.name: emptied(getattr(argument, field.name)) for field in fields(argument)},
    )


def check_kernel(kernel: Kernel, arguments: Mapping[str, Any]) -> None:
    """Call a kernel with beds in several companies and assert that it keeps its promises."""
    given = {
        name: sealed(argument) if name in kernel.per_bed else argument
        for name, argument in arguments.items()
    }

    def result_for(beds: Array) -> list[Array]:
        chosen = {name: some_beds(given[name], beds) for name in kernel.per_bed}
        return arrays_of(kernel.call(**{**given, **chosen}))

    n_beds = len(arrays_of(given[kernel.per_bed[0]])[0])
    everyone = np.arange(n_beds)
    whole = arrays_of(kernel.call(**given))

    assert [array.dtype for array in whole] == [np.dtype(dtype) for dtype in kernel.dtypes]
    assert all(len(array) == n_beds for array in whole), "one row for each bed"
    for array, again in zip(whole, result_for(everyone), strict=True):
        np.testing.assert_array_equal(array, again, "the same beds twice")
    for array, turned in zip(whole, result_for(everyone[::-1]), strict=True):
        np.testing.assert_array_equal(array[::-1], turned, "the order of the beds")
    for bed in range(n_beds):
        for array, alone in zip(whole, result_for(everyone[bed : bed + 1]), strict=True):
            np.testing.assert_array_equal(array[bed : bed + 1], alone, "a bed by itself")
    for array, none in zip(whole, result_for(everyone[:0]), strict=True):
        assert none.shape == (0, *array.shape[1:]), "a ward without beds"
        assert none.dtype == array.dtype
    blank = {
        name: np.zeros_like(given[name]) if name in kernel.counts else emptied(given[name])
        for name in kernel.per_bed
    }
    blank |= {name: np.full_like(given[name], no) for name, no in kernel.unknowns.items()}
    for array, value in zip(
        arrays_of(kernel.call(**{**given, **blank})), kernel.nothing, strict=True
    ):
        np.testing.assert_array_equal(array, np.full_like(array, value), "nothing is known")
