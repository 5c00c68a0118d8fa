"""The ward in a terminal: tiles for people who watch, plain lines for everything else.

Everything here is a pure function from pictures to text. The rules of the screen: worst first;
never colour alone, every meaning has a word or a sign beside it; every number has its age where
it is not fresh, and an old number is not shown as a number; what cannot be judged says so.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from detectors.channels import CHANNEL_NAMES, DISPLAY_UNITS
from monitor.facts.effects import NOT_ASSESSABLE
from monitor.facts.views import AlertView, BedView, ChannelView, WardView

MARKS: Final = {"high": "***", "medium": "**", "low": "*", "info": "i"}
"""The signs of the priorities, as bedside monitors write them."""

TECHNICAL_MARK: Final = "#"

_RANK: Final = {"high": 0, "medium": 1, "low": 2, "info": 3}
_NO_ALERT_RANK: Final = 4
_BANDS: Final = {
    "high": "bold white on #c8101c",
    "medium": "bold #1a1500 on #ffd21f",
    "low": "bold #00262b on #35d0e0",
    "info": "bold",
}
_BORDERS: Final = {"high": "red", "medium": "yellow", "low": "cyan", "info": "white"}
_NAMES: Final = {"hr": "HR", "temp": "Temp", "spo2": "SpO2", "rr": "RR", "map": "MAP"}
_UNITS: Final = dict(zip(CHANNEL_NAMES, DISPLAY_UNITS, strict=True))

FRESH_MS: Final = 15_000
"""A value that is older than this is shown with its age."""

TILE_WIDTH: Final = 40
STEPS_SHOWN: Final = 3
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


def printable(text: str) -> str:
    """Return a text without anything that could move the cursor of a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def age(duration_ms: int) -> str:
    """Return a duration in words, one unit: ``40 s``, ``12 min``, ``3 h``."""
    duration_ms = max(duration_ms, 0)
    if duration_ms < MINUTE_MS:
        return f"{duration_ms // SECOND_MS} s"
    if duration_ms < HOUR_MS:
        return f"{duration_ms // MINUTE_MS} min"
    return f"{duration_ms // HOUR_MS} h"


def centi(value_centi: int) -> str:
    """Return hundredths as a decimal number without useless zeros."""
    sign = "-" if value_centi < 0 else ""
    whole, rest = divmod(abs(value_centi), 100)
    return f"{sign}{whole}" if not rest else f"{sign}{whole}.{rest:02d}".rstrip("0")


def urgency(bed: BedView) -> tuple[int, int, int, str]:
    """Return the key by which beds are sorted: the worst first, then by name."""
    loud = [_RANK[alert.priority] for alert in bed.alerts if alert.signal == "on"]
    quiet = [_RANK[alert.priority] for alert in bed.alerts if alert.signal != "on"]
    return (
        min(loud, default=_NO_ALERT_RANK),
        min(quiet, default=_NO_ALERT_RANK),
        # What cannot be judged is worse than what was judged and found well.
        -2 * bed.grade if bed.grade != NOT_ASSESSABLE else -1,
        bed.bed,
    )


def worst_first(beds: Iterable[BedView]) -> list[BedView]:
    """Return beds in the order in which somebody should look at them."""
    return sorted(beds, key=urgency)


def grade_words(bed: BedView) -> str:
    """Return the grade of a bed in words."""
    if bed.grade == NOT_ASSESSABLE:
        return f"not assessable: {', '.join(bed.remarks) or 'nothing is known'}"
    pattern = f" {bed.pattern}" if bed.pattern else ""
    return f"grade {bed.grade}{pattern}"


def alert_words(alert: AlertView, now_ms: int) -> str:
    """Return one open episode in words."""
    mark = TECHNICAL_MARK if alert.kind == "technical" else MARKS[alert.priority]
    parts = [mark, alert.label, f"({age(now_ms - alert.onset_ms)})"]
    if alert.condition == "ended":
        parts.append("ended, still to be acknowledged")
    elif alert.acknowledged_by:
        parts.append(f"acknowledged by {alert.acknowledged_by}")
    return printable(" ".join(parts))


def number_words(channel: ChannelView, now_ms: int) -> str:
    """Return one value with its unit, its change from baseline and, if not fresh, its age."""
    name = _NAMES.get(channel.channel, channel.channel.upper())
    old_ms = now_ms - channel.measured_ms
    if channel.stale:
        return f"{name} -- (last {age(old_ms)} ago)"
    words = f"{name} {centi(channel.value_centi)} {_UNITS.get(channel.channel, '')}".rstrip()
    if channel.baseline_centi is not None and channel.baseline_centi != channel.value_centi:
        change = channel.value_centi - channel.baseline_centi
        words += f" ({'+' if change > 0 else ''}{centi(change)})"
    return f"{words}, {age(old_ms)} ago" if old_ms > FRESH_MS else words


def _infusion_words(bed: BedView) -> str:
    rate = bed.rate_centi_ml_per_h
    flow = "rate not known" if rate is None else f"{centi(rate)} mL/h"
    product = bed.product or "no product"
    return printable(f"{bed.subject or 'no session'}  {product}  {bed.phase}  {flow}")


def tile(bed: BedView, now_ms: int) -> Panel:
    """Return the tile of one bed."""
    worst = min(bed.alerts, key=lambda one: (one.signal != "on", _RANK[one.priority]), default=None)
    rows: list[Text] = []
    if worst is not None:
        loud = worst.signal == "on"
        band = _BANDS[worst.priority] if loud and worst.kind != "technical" else "reverse"
        rows.append(Text(f" {worst.priority.upper()} {alert_words(worst, now_ms)} ", style=band))
    rows.append(Text(_infusion_words(bed), style="dim"))
    rows.append(Text(printable(grade_words(bed)), style="bold" if bed.grade > 0 else ""))
    rows += [
        Text(number_words(channel, now_ms), style="dim" if channel.stale else "")
        for channel in bed.channels
    ]
    if not bed.channels:
        rows.append(Text("no values yet", style="dim"))
    if bed.grade != NOT_ASSESSABLE:
        rows += [Text(printable(remark), style="italic") for remark in bed.remarks]
    rows += [
        Text(alert_words(alert, now_ms)) for alert in bed.alerts if worst and alert.id != worst.id
    ]
    rows += [Text(printable(f"-> {step}"), style="bold") for step in bed.steps[:STEPS_SHOWN]]
    if len(bed.steps) > STEPS_SHOWN:
        rows.append(Text(f"   and {len(bed.steps) - STEPS_SHOWN} more", style="dim"))
    border = "dim" if worst is None else _BORDERS[worst.priority]
    return Panel(
        Group(*rows),
        title=Text(f"bed {printable(bed.bed)}", style="bold"),
        title_align="left",
        border_style=border,
        width=TILE_WIDTH,
    )


def counts(beds: Sequence[BedView]) -> str:
    """Return how many open alerts of each priority there are, with their signs."""
    open_alerts = [alert for bed in beds for alert in bed.alerts]
    parts = [
        f"{MARKS[priority]} {sum(one.priority == priority for one in open_alerts)} {priority}"
        for priority in ("high", "medium", "low")
    ]
    loud = sum(one.signal == "on" for one in open_alerts)
    running = sum(bed.phase in {"infusing", "slowed"} for bed in beds)
    return f"{len(beds)} beds, {running} infusing   {'   '.join(parts)}   unacknowledged {loud}"


def wall(ward: WardView, *, condition: str = "") -> RenderableType:
    """Return the tiles of a unit, worst first; ``condition`` says what is wrong with the view."""
    head = [Text(f"unit {ward.unit}   {counts(ward.beds)}", style="bold")]
    if condition:
        head.append(Text(f" {printable(condition)} ", style="bold reverse"))
    tiles = [tile(bed, ward.now_ms) for bed in worst_first(ward.beds)]
    foot = Text("decision support in simulation; not for clinical use", style="dim")
    body: RenderableType = Columns(tiles) if tiles else Text("no bed has been heard yet")
    return Group(*head, body, foot)


def ward_lines(ward: WardView) -> list[str]:
    """Return one plain line for each bed, worst first."""
    lines = []
    for bed in worst_first(ward.beds):
        parts = [f"bed {bed.bed}", _infusion_words(bed), grade_words(bed)]
        parts += [number_words(channel, ward.now_ms) for channel in bed.channels]
        parts += [alert_words(alert, ward.now_ms) for alert in bed.alerts]
        parts += [f"-> {step}" for step in bed.steps[:1]]
        lines.append(printable(" | ".join(parts)))
    return lines
