"""The section of the simulator's report about real recordings, as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from scripts.recorded_rest import (
    FLAGGED,
    FOUR,
    LEVELS,
    WORDS,
    Compared,
    Window,
    begins,
    compared_collections,
    crosses,
    reaches,
)

ABOUT: Final = (
    "Windows of 4 h without a systolic pressure outside 90 to 180 mmHg or a heart rate of 120 /min "
    "or more, with at least four readings of the channel, and whole exams, all of them. The "
    "simulated people are uneventful sessions as a cohort draws them (children, the old, needles, "
    "walks, sleep, another arm), measured at the median interval of each channel of the recording, "
    "over the same 4 h and held to the same quiet; below stand the adults among them, since the "
    "recordings hold nobody else. Where a channel is looked at once an hour, sessions too short "
    "for four looks are left out. What no body can show is left out of a recording. The rules look "
    "from the first two readings on: a fall of 30 mmHg, a rise of 30 /min, a rise of 1 °C to 38 °C "
    "or more, a saturation below 90 %."
)
CLIPPED: Final = (
    "Every simulated adult rests at 108 to 138 mmHg (from 70 years on at up to 144) and at 60 to "
    "84 /min, so hardly anybody begins where a baseline is marked as abnormal (below 100 or above "
    "160 mmHg, above 100 /min). Here stand all windows, quiet or not, by where their first two "
    "readings lie. What it costs: who begins outside reaches a fixed limit (below 90 mmHg, 120 "
    "/min or more) far oftener than who begins inside, and a cohort has nearly nobody of them. So "
    "a cohort counts too few false alarms of fixed limits and of scores made of them, tries no "
    "baseline that is abnormal already, and says nothing about people who live with low or high "
    "pressure or a fast pulse. Rules from the own baseline are touched less."
)
RULED: Final = ("sbp", "hr", "temp", "spo2")


def recorded_lines(evidence: Path, *, people: int, seed: int) -> Iterator[str]:
    """Yield the section of the report about real recordings."""
    compared = list(compared_collections(evidence, people=people, seed=seed))
    yield from ("## Beside quiet real recordings", "", ABOUT, "")
    yield (
        "| source | channel | windows | level, quartiles | spread within | difference between two "
        "readings, median (90 %) | rule crossed |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|"
    yield from chain.from_iterable(_channel_lines(one) for one in compared)
    yield from ("", "### The rule of four", "")
    yield (
        "Share of windows in which any of the four is crossed, where pressure and heart rate are "
        "both there; temperature and saturation count where they are."
    )
    yield ""
    yield "| source | windows | with temperature | with saturation | any of four |"
    yield "|---|---:|---:|---:|---:|"
    yield from chain.from_iterable(_four_lines(one) for one in compared)
    yield from clipped_lines(compared)


def _channel_lines(one: Compared) -> Iterator[str]:
    for key, word in WORDS.items():
        for name, windows in (
            (one.name, one.real),
            ("simulated", one.simulated),
            ("simulated adults", one.adults),
        ):
            held = [window for window in windows if key in window]
            if held:
                yield _line(name, word, held, key)


def _line(name: str, word: str, windows: Sequence[Window], key: str) -> str:
    series = [window[key] for window in windows]
    levels = np.percentile([float(np.median(values)) for _, values in series], (25, 50, 75))
    spread = float(np.median([values.std() for _, values in series]))
    steps = np.concatenate([np.abs(np.diff(values)) for _, values in series])
    every = float(np.median(np.concatenate([np.diff(at_min) for at_min, _ in series])))
    about = f"{name}, every {every:.0f} min" if name.startswith("simulated") else name
    digits = 1 if key == "temp" else 0
    found = " · ".join(f"{level:.{digits}f}" for level in levels)
    fine = digits + 1
    crossed = f"{_share([crosses(one, key) for one in windows]):.1f} %" if key in RULED else "-"
    return (
        f"| {about} | {word} | {len(series)} | {found} | {spread:.{fine}f} | "
        f"{np.median(steps):.{fine}f} ({np.percentile(steps, 90):.{fine}f}) | {crossed} |"
    )


def _share(found: Sequence[bool]) -> float:
    return 100.0 * float(np.mean(found)) if found else 0.0


def _four(window: Window) -> bool:
    return any(crosses(window, key) for key in FOUR if key in window)


def _four_lines(one: Compared) -> Iterator[str]:
    for name, windows in (
        (one.name, one.real),
        ("simulated", one.simulated),
        ("simulated adults", one.adults),
    ):
        held = [window for window in windows if "sbp" in window and "hr" in window]
        if held:
            yield (
                f"| {name} | {len(held)} | {_share(['temp' in each for each in held]):.0f} % | "
                f"{_share(['spo2' in each for each in held]):.0f} % | "
                f"{_share([_four(each) for each in held]):.1f} % |"
            )


def clipped_lines(compared: Sequence[Compared]) -> Iterator[str]:
    """Yield what is left out by levels of simulated adults that are kept inside narrow ranges."""
    yield from ("", "### What the narrow levels of adults leave out", "", CLIPPED, "")
    yield (
        "| source | channel | windows | begin outside of the simulated levels | begin where a "
        "baseline is marked | reach the fixed limit: begun inside | begun outside | cross the "
        "rule: begun inside | begun outside |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for one in compared:
        for name, windows in ((one.name, one.every), ("simulated adults", one.every_adult)):
            for key in LEVELS:
                held = [window for window in windows if key in window]
                if held and one.every:
                    yield _clipped_line(name, key, held)


def _clipped_line(name: str, key: str, windows: Sequence[Window]) -> str:
    levels = np.array([begins(window, key) for window in windows])
    out = (levels < LEVELS[key][0]) | (levels > LEVELS[key][1])
    marked = (levels < FLAGGED[key][0]) | (levels > FLAGGED[key][1])
    cells = [
        f"{_share(found[where].tolist()):.1f} %" if where.any() else "-"
        for found in (
            np.array([reaches(window, key) for window in windows]),
            np.array([crosses(window, key) for window in windows]),
        )
        for where in (~out, out)
    ]
    return (
        f"| {name} | {WORDS[key]} | {len(windows)} | {100 * out.mean():.0f} % | "
        f"{100 * marked.mean():.0f} % | {' | '.join(cells)} |"
    )
