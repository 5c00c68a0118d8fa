"""Two monitors name an alert alike, although each hears the same at another millisecond.

A reaction is named after measured times. What begins with a silence, a last will or a message that
should not be there begins for each monitor when it hears of it, or hears nothing; it is named
after what the device has written on its messages.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import pytest
from builders import ward_settings
from ward_builders import (
    UNIT,
    alerts,
    birth,
    ms,
    numbered,
    pump,
    refused,
    session,
    status,
    vitals,
    well,
)

from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import Input
from monitor.ward.ward import Ward

Story = list[Input | float]
"""Messages as they come, and seconds at which a step is made in which nothing came."""


def beginning(*, bed: str = "1") -> Story:
    return [
        session(0, bed=bed),
        *(well(at_s, bed=bed) for at_s in range(60, 301, 60)),
        pump(300, "infusing", 168, bed=bed),
    ]


def told(story: Story, delay_ms: Callable[[int], int]) -> list[AlertChanged]:
    """Return the technical alerts of a monitor that hears each message after its own delay."""
    ward, found = Ward(ward_settings(), unit=UNIT), list[AnyEffect]()
    for place, one in enumerate(story):
        if isinstance(one, float):
            found += ward.take(ms(one) + delay_ms(place), ())
            continue
        late = replace(one, received_ms=one.received_ms + delay_ms(place))
        found += ward.take(late.received_ms, numbered((late,)))
    return alerts(found, "technical")


def names(found: list[AlertChanged]) -> dict[str, list[str]]:
    """Return the names of the alerts of each cause in order; two episodes of it have two."""
    return {
        cause: [one.id for one in found if one.cause == cause]
        for cause in {one.cause for one in found}
    }


def at_once(_: int) -> int:
    return 0


def unevenly(place: int) -> int:
    return 3 + place * 37 % 400


def two_beds() -> Story:
    return list(chain(beginning(bed="1"), beginning(bed="2")))


def odd_ward() -> Story:
    """Return a story in which a device of one bed sends under the name of the other, and more."""
    return [
        session(0, bed="1"),
        session(0.5, bed="2"),
        well(60, bed="1"),
        vitals(61, bed="2", device="mon-1", hr=80),
        replace(pump(62, bed="2", device="pump-1")),
        replace(vitals(63, bed="1", hr=80), subject="PX-9"),
        vitals(64, bed="1", absent=("spo2",)),
        *(well(at_s, bed="1") for at_s in (70, 80, 90)),
        130.0,
    ]


STORIES: dict[str, tuple[Story, set[str]]] = {
    "a channel is silent, and again": (
        [
            *beginning(),
            vitals(355, sbp=120, dbp=80, spo2=98, rr=16),
            365.0,
            vitals(367, hr=80),
            vitals(420, sbp=120, dbp=80, spo2=98, rr=16),
            440.0,
        ],
        {"silent:hr"},
    ),
    "nothing comes": (
        [session(0), vitals(10, hr=80, spo2=98), vitals(12, rr=16), 75.0],
        {"no-data"},
    ),
    "a pump is silent": (
        [*beginning(), *(well(at_s) for at_s in range(330, 700, 30))],
        {"device-silent:pump-1"},
    ),
    "a device leaves": (
        [*beginning(), status(310, online=False), well(315), status(320, online=True),
         status(330, online=False)],
        {"offline:mon-1"},
    ),
    "a probe is off": (
        [*beginning(), *(vitals(at_s, absent=("spo2",), hr=80) for at_s in range(310, 400, 15))],
        {"absent:spo2"},
    ),
    "nobody sends": ([session(0), 400.0], {"never-heard"}),
    "numbers are missing": (
        [*beginning(), vitals(310, sequence=0, hr=80), vitals(315, sequence=9, hr=80)],
        {"gap:mon-1"},
    ),
    "garbage": ([*beginning(), *(refused(310 + n) for n in range(4))], {"refused:mon-1"}),
    "another unit": ([*beginning(), vitals(310, temp=98.6)], {"unit:mon-1"}),
    "another unit of a device that no session names": (
        [*two_beds(), vitals(310, device="cart", temp=98.6), vitals(320, bed="2", device="cart",
         temp=98.6), session(325, "close"), vitals(330, bed="2", device="cart", temp=98.6)],
        {"unit:cart"},
    ),
    "a flat line": (
        [*beginning(), *(well(at_s) for at_s in range(305, 3600, 5))],
        {"flat:hr"},
    ),
    "values of others": (odd_ward(), {"wrong-bed:mon-1", "wrong-bed:pump-1", "wrong-person:mon-1"}),
    "what was promised": (
        [*beginning(), birth(310, "temp"), *(well(at_s) for at_s in range(330, 700, 30))],
        {"never-heard"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_every_monitor_names_a_technical_alert_alike(story: str) -> None:
    messages, expected = STORIES[story]
    first, second = told(messages, at_once), told(messages, unevenly)
    assert expected <= {one.cause for one in first}
    assert names(first) == names(second)


def test_their_onsets_are_what_each_of_them_heard() -> None:
    messages, _ = STORIES["nothing comes"]
    (first,), (second,) = told(messages, at_once), told(messages, unevenly)
    assert second.onset_ms - first.onset_ms == unevenly(len(messages) - 2)


def test_every_silence_has_its_own_name() -> None:
    messages, _ = STORIES["a channel is silent, and again"]
    assert len(set(names(told(messages, at_once))["silent:hr"])) == 2
