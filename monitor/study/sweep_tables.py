"""A sweep as a table of Markdown, and what its axes are in words."""

from collections.abc import Iterator

from monitor.study.sweep import Sweep, SweepPoint, told_by


def sweep_lines(found: Sweep) -> Iterator[str]:
    """Yield a sweep as Markdown."""
    limit = found.limit
    yield f"# {limit.rule}, clause {limit.clause}: {limit.channel} {limit.basis} {limit.comparison}"
    yield ""
    yield axes_in_words(found)
    yield ""
    yield "| Rule | Value | Sensitivity | Load (95 %) | Alerts per patient-hour | Not beaten |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in found.points:
        cells = (
            f"**{one.words}, as in force**" if one.in_force else one.words,
            one.value if one.value is not None else limit.in_force if one.in_force else "-",
            "-" if one.sensitivity is None else f"{100 * one.sensitivity:.1f} %",
            _load(one),
            rate_text(one.alerts_per_patient_hour),
            "yes" if one.on_front else "",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"Over `{found.source}`, configuration `{found.config}`. Made by `{found.command}`."


def axes_in_words(found: Sweep) -> str:
    """Return what the axes of a sweep are, and what its limit can move at all."""
    words = f"Sensitivity: {found.sensitivity_is}. Load: {found.load_is}."
    if is_flat(found):
        words += (
            " No value changes anything here: other rows of the book find the same at the same "
            "time, or nobody here comes near this limit."
        )
    if len(told_by(found.limit)) == 1:
        return words
    return (
        f"{words} The rule is of grade {found.limit.grade} and calls nobody by itself: what it "
        "moves is what is shown (on the screen at any grade), whose points stand beside."
    )


def is_flat(found: Sweep) -> bool:
    """Tell whether several values were swept and all of them came out alike."""
    swept: dict[str, list[tuple[float | None, ...]]] = {}
    for one in found.points:
        if one.value is not None:
            numbers = (one.sensitivity, one.load, one.alerts_per_patient_hour)
            swept.setdefault(one.key, []).append(numbers)
    return bool(swept) and all(len(one) > 1 and len(set(one)) == 1 for one in swept.values())


def rate_text(rate: float | None) -> str:
    """Return a rate an hour with three places, a dash where it is not known."""
    return "-" if rate is None else f"{rate:.3f}"


def _load(point: SweepPoint) -> str:
    if point.load is None:
        return "-"
    if point.load_interval is None:
        return f"{point.load:.3f}"
    low, high = point.load_interval
    return f"{point.load:.3f} ({low:.3f} to {high:.3f})"
