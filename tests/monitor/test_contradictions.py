"""What a pump says against what people have recorded: every rule, and the grace before it."""

from typing import Any, Final

import pytest
from ward_builders import ms, pump

from monitor.care.contradictions import Contradiction, contradiction, is_flowing, report_words
from monitor.care.courses import Course
from monitor.facts.effects import Step
from monitor.facts.records import PumpReported

KINDS: Final = {"pause": "pause", "stop": "stop", "slow": "rate", "flat": "position"}
GRACE_S: Final = 60


def step(key: str = "pause", **changed: Any) -> Step:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "key": key,
        "words": "Pause",
        "who": "nurse",
        "source": ("x",),
        "state": "done",
        "by": "rn-1",
        "at_ms": ms(100),
    }
    return Step(**{**usual, **changed})


def found(
    report: PumpReported, *steps: Step, course: Course | None = None, resumed: bool = False
) -> Contradiction | None:
    return contradiction(
        steps, KINDS, course or Course(), report, resumed=resumed, grace_ms=1000 * GRACE_S
    )


@pytest.mark.parametrize("key", ["pause", "stop"])
@pytest.mark.parametrize(("at_s", "told"), [(159.999, False), (160, True), (900, True)])
def test_a_pump_that_runs_contradicts_a_recorded_halt_after_the_grace(
    key: str, at_s: float, *, told: bool
) -> None:
    said = found(pump(at_s, "infusing", 84), step(key))
    assert (said is not None) == told
    if said is not None:
        assert said.words == "pump-1 reports 84.0 mL/h, but rn-1 has recorded: Pause"
        assert said.since_ms == ms(at_s)


@pytest.mark.parametrize(
    "report",
    [
        pump(900, "paused", 0),
        pump(900, "stopped"),
        pump(900, "kvo", 5),
        pump(900, "infusing", 0),
        pump(900, "complete"),
        pump(900, "fault"),
    ],
)
def test_a_pump_that_does_not_run_contradicts_nothing(report: PumpReported) -> None:
    assert not is_flowing(report)
    assert found(report, step("stop"), step("slow", rate_centi_ml_per_h=1)) is None


@pytest.mark.parametrize(
    "changed",
    [{"state": "offered"}, {"state": "started"}, {"state": "declined"}, {"by": "pump-1"},
     {"at_ms": None}, {"key": "flat"}, {"key": "nobody-knows"}],
)  # fmt: skip
def test_only_what_a_person_has_done_can_be_contradicted(changed: dict[str, Any]) -> None:
    assert found(pump(900, "infusing", 84), step(**changed)) is None


@pytest.mark.parametrize(("rate", "told"), [(84, False), (88.2, False), (88.3, True), (168, True)])
def test_a_rate_is_contradicted_beyond_what_pumps_round(rate: float, *, told: bool) -> None:
    said = found(pump(900, "infusing", rate), step("slow", rate_centi_ml_per_h=8_400))
    assert (said is not None) == told
    if said is not None:
        assert said.words.endswith("but rn-1 has recorded 84.0 mL/h")


@pytest.mark.parametrize("target", [None, 8_400])
def test_without_a_rate_nothing_can_be_compared(target: int | None) -> None:
    assert found(pump(900, "infusing"), step("slow", rate_centi_ml_per_h=target)) is None
    assert (
        found(pump(900, "infusing", 168), step("slow", rate_centi_ml_per_h=target)) is None
    ) == (target is None)


def test_a_start_after_the_end_is_contradicted_at_once() -> None:
    over = Course(episode="al-1", plan="stopped", end="epinephrine")
    said = found(pump(101, "infusing", 84), course=over, resumed=True)
    assert said is not None
    assert said.words.endswith("the infusion is over for this session: epinephrine was given")
    assert found(pump(101, "infusing", 84), course=over) is None, "nobody has stopped it yet"
    assert found(pump(101, "infusing", 84), course=Course(), resumed=True) is None


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (pump(1, "infusing", 84), "pump-1 reports 84.0 mL/h"),
        (pump(1, "infusing"), "pump-1 reports infusing"),
        (pump(1, "paused"), "pump-1 reports paused"),
        (pump(1, "paused", 0), "pump-1 reports paused, 0.0 mL/h"),
    ],
)
def test_a_report_is_repeated_without_adding_to_it(report: PumpReported, words: str) -> None:
    assert report_words(report) == words
