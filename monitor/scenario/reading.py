"""Reading the document of a scenario: strict, and with all its faults at once."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from monitor.scenario.charts import chart, chart_deliveries
from monitor.scenario.events import Sent, event, events
from monitor.scenario.expectations import expectation
from monitor.scenario.places import FaultKept, Place, ScenarioError, shown
from monitor.scenario.stories import Delivery, Scenario
from monitor.scenario.times import AT_FORM, LENGTH_FORM, SPAN_FORM, at_ms, length_ms, span_ms

T = TypeVar("T")

TICK: Final = "10 s"


def scenario_of(values: dict[str, object], file: str) -> Scenario:
    """Return the scenario of a document.

    Raises
    ------
    ScenarioError
        With every fault of the document.
    """
    faults: list[str] = []
    place = Place("file", values, faults)
    try:
        scenario = _scenario(place)
    except FaultKept:
        scenario = None
    if faults or scenario is None:
        raise ScenarioError(file, faults)
    return scenario


def _scenario(place: Place) -> Scenario:
    ends = at_ms(place.text("ends"))
    tick = length_ms(place.text("tick", TICK))
    if ends is None:
        place.refuse("ends", f"must be {AT_FORM}, got {shown(place.values.get('ends'))}")
    if tick is None or tick <= 0:
        place.refuse("tick", f"must be {LENGTH_FORM}, got {shown(place.values.get('tick'))}")
    bed, sent = place.text("bed", "1"), Sent()
    deliveries = _opening(place, bed, sent)
    charts = _each(place.rows("chart"), lambda row: chart(row, bed, ends))
    rows = _each(place.rows("event"), lambda row: events(row, bed, ends, sent))
    deliveries += [one for row in rows for one in row]
    deliveries += chart_deliveries(charts)
    wanted = _each(place.rows("expect"), lambda row: expectation(row, bed, ends, wanted=True))
    never = _each(place.rows("never"), lambda row: expectation(row, bed, ends, wanted=False))
    if not place.values.get("expect") and not place.values.get("never"):
        place.keep("expect", "a scenario that expects nothing proves nothing")
    late = [one for one in deliveries if one.received_ms > ends]
    if late:
        place.keep("ends", f"is before {len(late)} messages that arrive later")
    read = Scenario(
        title=place.text("title"),
        shows=place.text("shows"),
        ends_ms=ends,
        tick_ms=tick,
        deliveries=tuple(deliveries),
        down=_down(place),
        expectations=(*wanted, *never),
        settings=_settings(place),
    )
    place.close()
    return read


def _each(rows: tuple[Place, ...], read: Callable[[Place], T]) -> list[T]:
    """Return what each row says; the faults of the others are kept."""
    found: list[T] = []
    for row in rows:
        with suppress(FaultKept):
            found.append(read(row))
    return found


def _opening(place: Place, bed: str, sent: Sent) -> list[Delivery]:
    """Return the opening of the session that the file is about, unless it opens none."""
    place.used.add("session")
    raw = place.values.get("session")
    if raw is None:
        return []
    if not isinstance(raw, dict):
        place.refuse("session", f"must be a table, got {shown(raw)}")
    row = Place("session", {"at": "0:00", "session": "open", **raw}, place.faults)
    return _each((row,), lambda one: replace(event(one, bed, sent), rank=0))


def _settings(place: Place) -> dict[str, object]:
    """Return the settings that hold in this file alone; what they may be, the site's files say."""
    place.used.add("settings")
    raw = place.values.get("settings", {})
    if not isinstance(raw, dict):
        place.refuse("settings", f"must be a table, got {shown(raw)}")
    return raw


def _down(place: Place) -> tuple[tuple[int, int], ...]:
    """Return the spans in which the monitor does not run."""
    place.used.add("monitor_down")
    raw = place.values.get("monitor_down", [])
    spans = [span_ms(one) for one in raw] if isinstance(raw, list) else [None]
    found = tuple(one for one in spans if one is not None)
    if len(found) < len(spans):
        place.refuse("monitor_down", f"must be a list of {SPAN_FORM}, got {shown(raw)}")
    return found
