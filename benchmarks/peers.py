"""What detection costs beside tools that people reach for first: pandas and River.

All are given the same readings of the same beds in one run, in turns. Detection and plain Python
decide everything that detection decides. Pandas and River do what they are made for: a rolling
mean and maximum of each channel of each bed, and a comparison with a limit; they know no
baseline, no plausibility, no confirmation and no picture, so their figures are a lower bound of
what the whole would cost with them. River is asked reading by reading, as in a live ward; pandas
gets a minute at once, which a live ward cannot give it.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.agreement import PeerError, check
from benchmarks.cohorts import infused
from benchmarks.measuring import ROOT, Cell, Table, Taken, cell, ratio
from benchmarks.plain import PlainBed
from benchmarks.plain_tables import Tables
from benchmarks.steps import detect, rounds_of, take_all
from benchmarks.wards import STARTED_MS, Load, Second
from detectors.channels import Channel
from monitor.settings.settings import load_settings
from monitor.ward.ward_settings import WardSettings

SIZES: Final = ((100, 3), (5_000, 1))
"""Beds, and for how many minutes they are measured."""

MINUTE_S: Final = 60
WINDOW: Final = 16
"""Readings that the means and maxima are taken of, as many as the history of detection holds."""

CHANNELS: Final = (Channel.HR, Channel.SPO2, Channel.RR)
"""The channels that send each second: tools that want a table can be given one."""

LIMIT_CENTI: Final = 9_700 + 1 / 32
"""A mean above it is counted, so that the results can be compared. It lies between the means that
16 whole numbers can have, because River's running mean strays from a mean that equals a limit."""

Matrix = npt.NDArray[np.float64]
Peer = Callable[[Matrix], tuple[int, float]]
"""Takes values (second, bed, channel); returns how many means are high, and the sum of maxima."""


def expected(values: Matrix) -> tuple[int, float]:
    """Return what a peer must return for one minute, by a window over arrays."""
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=0)
    high = int((windows.mean(axis=-1) > LIMIT_CENTI).sum())
    return high, float(windows.max(axis=-1).sum())


def pandas_peer() -> Peer:
    """Return the same by pandas: one frame a minute, one column a bed and channel."""
    import pandas as pd  # noqa: PLC0415 - optional

    def peer(values: Matrix) -> tuple[int, float]:
        rolling = pd.DataFrame(values.reshape(len(values), -1)).rolling(WINDOW)
        high = int((rolling.mean().to_numpy()[WINDOW - 1 :] > LIMIT_CENTI).sum())
        return high, float(rolling.max().to_numpy()[WINDOW - 1 :].sum())

    return peer


def river_peer() -> Peer:
    """Return the same by River: one statistic a bed and channel, asked reading by reading."""
    from river import stats, utils  # noqa: PLC0415 - optional

    def peer(values: Matrix) -> tuple[int, float]:
        high, total = 0, 0.0
        for series in values.reshape(len(values), -1).T.tolist():
            mean = utils.Rolling(stats.Mean, window_size=WINDOW)
            most = stats.RollingMax(window_size=WINDOW)
            for number, value in enumerate(series):
                mean.update(value)
                most.update(value)
                if number >= WINDOW - 1:
                    high += mean.get() > LIMIT_CENTI
                    total += most.get()
        return high, total

    return peer


PEERS: Final = {"pandas": pandas_peer, "river": river_peer}


def matrix(seconds: Sequence[Second]) -> Matrix:
    """Return the channels that send each second, shape (second, bed, channel)."""
    rounds = [rounds_of(second)[0] for second in seconds]
    return np.stack([one.value_centi[:, CHANNELS] for one in rounds]).astype(np.float64)


def peers_table(sizes: Sequence[tuple[int, int]] = SIZES) -> Table:
    """Return what detection and its peers cost for the same readings."""
    settings = load_settings(ROOT / "config").ward
    rows: list[tuple[str, tuple[Cell | None, ...]]] = []
    for n_beds, minutes in sizes:
        rows += _rows(settings, n_beds, minutes)
    return Table(
        title="A reading beside other tools (nobody reacts)",
        columns=("a reading", "against detection"),
        rows=tuple(rows),
        notes=(
            f"mean, maximum: of {WINDOW} readings of HR, SpO2 and RR, and one comparison; no more.",
            "pandas is given a minute at once, the others second by second or reading by reading.",
            "not installed: pip install '.[bench]' to measure it too.",
        ),
    )


def _rows(
    settings: WardSettings, n_beds: int, minutes: int
) -> list[tuple[str, tuple[Cell | None, ...]]]:
    """Return the rows of one size, after every peer has found what it had to find."""
    load = Load(n_beds=n_beds, reacting_share=0)
    detection, plain = infused(settings, load), _plain(settings, load)
    installed = {name: make() for name, make in PEERS.items() if find_spec(name)}
    taken = {name: Taken() for name in ("detection", "plain Python", *installed)}
    everything, continuous = 0, 0
    seconds = load.seconds(minutes * MINUTE_S)
    for _ in range(minutes):
        minute = list(islice(seconds, MINUTE_S))
        for second in minute:
            rounds, messages = rounds_of(second), second.messages
            taken["detection"].call(detect, detection, rounds)
            taken["plain Python"].call(take_all, plain, messages)
            everything += len(second.readings)
        values = matrix(minute)
        continuous += values.size
        for name, peer in installed.items():
            _compare(name, taken[name].call(peer, values), expected(values))
    check(detection, plain)
    own_ns = 1e9 * taken["detection"].cpu_s / everything
    rows: list[tuple[str, tuple[Cell | None, ...]]] = []
    for name, one in taken.items():
        each_ns = 1e9 * one.cpu_s / (continuous if name in installed else everything)
        does = "mean, maximum" if name in installed else "everything"
        rows.append((f"  {name}: {does}", (cell(each_ns, "ns"), ratio(each_ns, own_ns))))
    rows += [(f"  {name}: not installed", (None, None)) for name in PEERS if name not in installed]
    size = f"{n_beds:,} beds, {minutes} min:"
    return [
        (size + name[1:], cells) if not number else (name, cells)
        for number, (name, cells) in enumerate(rows)
    ]


def _compare(name: str, found: tuple[int, float], wanted: tuple[int, float]) -> None:
    """Refuse a peer that finds something else."""
    if (found[0], round(found[1])) != (wanted[0], round(wanted[1])):
        raise PeerError(f"{name} finds {found}, not {wanted}")


def _plain(settings: WardSettings, load: Load) -> list[PlainBed]:
    """Return plain beds with a baseline and an infusion at every bed."""
    tables = Tables(settings.detection)
    beds = [PlainBed(tables) for _ in range(load.n_beds)]
    for bed in beds:
        bed.is_judging = bed.is_taking_baseline = True
        bed.age_centi = 5_000
    again = Load(n_beds=load.n_beds, reacting_share=load.reacting_share)
    for second in again.before():
        take_all(beds, second.messages)
    for bed in beds:
        bed.is_taking_baseline = False
        bed.rate_step_ms = STARTED_MS
    return beds


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode([peers_table()]))
