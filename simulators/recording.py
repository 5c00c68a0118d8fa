"""A scenario as recorded steps, without a broker: hours of a ward in seconds.

What the broker and the network would add is a small seeded latency. A step is made at every
multiple of ``step_ms``, also when nothing came, because timers of the ward run on steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from monitor.facts.records import RawMessage, RecordedStep
from simulators.bedside import ward_messages
from simulators.chairs import Sent, chair, generator
from simulators.fault_options import FaultOption
from simulators.faults import Fault, with_faults
from simulators.scenario import Scenario
from simulators.strikes import struck_messages

STARTED_MS: Final = 1_795_514_400_000
"""When a story begins unless somebody says otherwise: 2026-11-24T10:00:00Z."""

LATENCY_MS: Final = (15, 180)
"""Shortest and longest way from a device to the journal (ours)."""

DRAWN_AT_ONCE: Final = 1024


def recorded_steps(
    scenario: Scenario,
    *,
    unit: str = "inf-a",
    started_ms: int = STARTED_MS,
    step_ms: int = 1000,
    faults: Sequence[Fault] = (),
) -> Iterator[RecordedStep]:
    """Yield what the ward would be given, step by step, from the first to the last message.

    Raises
    ------
    ValueError
        A step is not at least one millisecond long.
    """
    if step_ms < 1:
        raise ValueError(f"a step of {step_ms} ms, must be at least 1")
    messages = with_faults(ward_messages(scenario, unit=unit, started_ms=started_ms), faults)
    yield from steps_of(messages, seed=scenario.seed, started_ms=started_ms, step_ms=step_ms)


def struck_steps(
    scenario: Scenario,
    options: Sequence[FaultOption],
    *,
    unit: str = "inf-a",
    started_ms: int = STARTED_MS,
    step_ms: int = 1000,
) -> Iterator[RecordedStep]:
    """Yield what the ward would be given of a story in which things break, as it would live.

    Raises
    ------
    ValueError
        A fault strikes what measures at a bed where nothing that stays measures.
    """
    chairs = [chair(plan, scenario, unit=unit, started_ms=started_ms) for plan in scenario.beds]
    messages = struck_messages(chairs, options, scenario, started_ms=started_ms)
    return steps_of(messages, seed=scenario.seed, started_ms=started_ms, step_ms=step_ms)


def steps_of(
    messages: Iterable[Sent], *, seed: int, started_ms: int, step_ms: int, idle_steps: int = 1
) -> Iterator[RecordedStep]:
    """Yield messages, in order of sending, as the steps in which the ward gets them.

    While nothing comes for longer than ``idle_steps`` steps, only one in so many is made.
    """
    now_ms = started_ms
    inbox: list[RawMessage] = []
    for message in _received(messages, generator(seed, "ward", "latency")):
        while message.received_ms > now_ms:
            yield RecordedStep(now_ms=now_ms, messages=tuple(inbox))
            inbox = []
            is_idle = message.received_ms - now_ms > idle_steps * step_ms
            now_ms += step_ms * (idle_steps if is_idle else 1)
        inbox.append(message)
    yield RecordedStep(now_ms=now_ms, messages=tuple(inbox))


def _received(messages: Iterable[Sent], rng: np.random.Generator) -> Iterator[RawMessage]:
    """Add the way to the journal; what arrives never overtakes what arrived."""
    last_ms = 0
    ways = _ways_ms(rng)
    for sent in messages:
        received_ms = max(last_ms, sent.at_ms + next(ways))
        last_ms = received_ms
        yield RawMessage(received_ms=received_ms, topic=sent.topic, payload=sent.payload)


def _ways_ms(rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.integers(*LATENCY_MS, size=DRAWN_AT_ONCE).tolist()
