"""Which channels are silent, and which were never heard: by the time of receipt alone."""

import numpy as np
import pytest
from builders import T0_MS, ward_settings

from detectors.channels import N_CHANNELS, NEVER, Channel, Int64
from monitor.care.silence import missing_channels, silent_channels

PARAMS = ward_settings().silence
HR, SBP = Channel.HR, Channel.SBP


def received(**at_ms: int) -> Int64:
    """When each channel of one bed was received; the others never."""
    row = np.full((1, N_CHANNELS), NEVER, np.int64)
    for name, time in at_ms.items():
        row[0, Channel[name.upper()]] = time
    return row


def test_a_channel_is_silent_after_its_limit_and_not_at_it() -> None:
    by_device = np.zeros((1, N_CHANNELS), np.bool_)
    limit_ms = int(PARAMS.stale_ms[HR])
    heard = received(hr=T0_MS)
    assert not silent_channels(PARAMS, T0_MS + limit_ms, heard, by_device).any()
    silent = silent_channels(PARAMS, T0_MS + limit_ms + 1, heard, by_device)
    assert silent[0].nonzero()[0].tolist() == [HR]


def test_what_people_take_may_be_older() -> None:
    by_hand = np.zeros((1, N_CHANNELS), np.bool_)
    by_hand[0, HR] = True
    heard = received(hr=T0_MS, spo2=T0_MS)
    now_ms = T0_MS + int(PARAMS.stale_ms[HR]) + 1
    silent = silent_channels(PARAMS, now_ms, heard, by_hand)
    assert silent[0].nonzero()[0].tolist() == [Channel.SPO2]
    later_ms = T0_MS + int(PARAMS.charted_stale_ms[HR]) + 1
    assert silent_channels(PARAMS, later_ms, heard, by_hand)[0, HR]


def test_a_channel_that_was_never_heard_is_not_silent() -> None:
    nothing = received()
    none = np.zeros((1, N_CHANNELS), np.bool_)
    assert not silent_channels(PARAMS, T0_MS * 2, nothing, none).any()


def test_no_beds_are_no_trouble() -> None:
    none = np.empty((0, N_CHANNELS), np.bool_)
    times = np.empty((0, N_CHANNELS), np.int64)
    assert silent_channels(PARAMS, T0_MS, times, none).shape == (0, N_CHANNELS)
    opened = np.empty(0, np.int64)
    assert missing_channels(T0_MS, opened, times, none, 1000).shape == (0, N_CHANNELS)


@pytest.mark.parametrize(
    ("opened_ms", "waited_ms", "expected", "heard", "missing"),
    [
        (T0_MS, 1000, (HR,), (), ()),
        (T0_MS, 1001, (HR,), (), (HR,)),
        (T0_MS, 1001, (HR, SBP), ("hr",), (SBP,)),
        (T0_MS, 1001, (HR, SBP), ("hr", "sbp"), ()),
        (T0_MS, 1001, (), (), ()),
        (NEVER, 1001, (HR,), (), ()),
    ],
)
def test_expected_channels_are_missed_when_the_session_is_old_enough(
    opened_ms: int,
    waited_ms: int,
    expected: tuple[Channel, ...],
    heard: tuple[str, ...],
    missing: tuple[Channel, ...],
) -> None:
    promised = np.zeros((1, N_CHANNELS), np.bool_)
    promised[0, list(expected)] = True
    found = missing_channels(
        T0_MS + waited_ms,
        np.array([opened_ms], np.int64),
        received(**dict.fromkeys(heard, T0_MS)),
        promised,
        1000,
    )
    assert tuple(found[0].nonzero()[0].tolist()) == missing
