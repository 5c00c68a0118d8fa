"""What a site chooses where protocols disagree, and what no choice can undo."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from builders import ward_settings

from monitor.care.ladders import (
    EPINEPHRINE,
    PATTERNS,
    Ladder,
    LadderStep,
    coverage_faults,
    dose_text,
    ladder_faults,
    ladder_for,
)
from monitor.care.variants import (
    OPTIONS,
    Chosen,
    Mitigation,
    Option,
    Position,
    ladders_of_site,
)

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "mitigation.md"


@cache
def site() -> Mitigation:
    return ward_settings().mitigation


def names(option: Option) -> list[str]:
    return [one.name for one in site().position if one.option == option]


@cache
def choosing(**chosen: str) -> tuple[Ladder, ...]:
    """Return the shipped ladders at a site that chooses otherwise."""
    made = replace(site(), chosen=replace(site().chosen, **chosen))
    return ladders_of_site(ward_settings().ladders, made)


def rungs(ladders: tuple[Ladder, ...], **wanted: Any) -> list[LadderStep]:  # noqa: ANN401 - fields differ
    return [
        step
        for ladder in ladders
        for step in ladder.steps
        if all(getattr(step, name) == value for name, value in wanted.items())
    ]


def every_choice() -> Iterator[dict[str, str]]:
    for chosen in product(*(names(option) for option in OPTIONS)):
        yield dict(zip(OPTIONS, chosen, strict=True))


def test_every_question_has_at_least_two_answers_with_words_and_sources() -> None:
    assert [field.name for field in fields(Chosen)] == list(OPTIONS)
    for option in OPTIONS:
        assert len(names(option)) >= 2, option
    assert all(one.words and one.source for one in site().position)
    page = PAGE.read_text(encoding="utf-8")
    for one in site().position:
        assert f"`{one.option}`" in page
        assert f"`{one.name}`" in page


def test_no_combination_breaks_what_holds_for_every_ladder() -> None:
    seen = 0
    for chosen in every_choice():
        ladders = choosing(**chosen)
        seen += 1
        assert coverage_faults(ladders) == ()
        assert [fault for ladder in ladders for fault in ladder_faults(ladder)] == []
    assert seen == 2 * 2 * 3 * 3 * 2 * 3 * 2 * 2


def test_the_shipped_choices_change_nothing() -> None:
    assert choosing() == ward_settings().ladders


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pause_first_pauses_every_mild_reaction_that_would_be_slowed(pattern: str) -> None:
    slow = ladder_for(choosing(first_step="slow"), pattern, 1)
    paused = ladder_for(choosing(first_step="pause"), pattern, 1)
    if not any(step.rate == "slower" and step.offered == "at-once" for step in slow.steps):
        assert paused == slow
        return
    first = next(step for step in paused.steps if step.key == "pause")
    assert (first.kind, first.offered) == ("pause", "at-once")
    assert first.source == ("ivig-nhs-borders",)
    assert not any(step.rate == "slower" for step in paused.steps if step.offered == "at-once")


@pytest.mark.parametrize(
    ("name", "repeat", "latest"), [("3-5", 3, 5), ("5", 5, 5), ("5-15", 5, 15)]
)
def test_epinephrine_is_repeated_as_the_site_says(name: str, repeat: int, latest: int) -> None:
    found = rungs(choosing(epinephrine_repeat=name), drug=EPINEPHRINE)
    assert found
    for step in found:
        assert (step.recheck_ms, step.repeat_ms, step.repeat_by_ms) == (
            60_000 * repeat,
            60_000 * repeat,
            60_000 * latest,
        )


@pytest.mark.parametrize(("name", "doses"), [("2", 2), ("3", 3)])
def test_an_expert_is_called_after_as_many_doses_as_the_site_says(name: str, doses: int) -> None:
    for step in rungs(choosing(refractory=name), drug=EPINEPHRINE):
        assert step.repeats == doses - 1
    assert rungs(choosing(refractory=name), key="expert", refractory=True)


@pytest.mark.parametrize(("name", "kg", "age", "milli"), [
    ("0.5", 72, 40, 500), ("0.3", 72, 40, 300), ("0.3", 20, 7, 200), ("0.3", 45, 12, 300),
])  # fmt: skip
def test_the_cap_of_epinephrine_is_that_of_the_site(
    name: str, kg: int, age: int, milli: int
) -> None:
    for step in rungs(choosing(epinephrine_maximum=name), drug=EPINEPHRINE):
        assert step.dose is not None
        decision = dose_text(step.dose, weight_centi_kg=100 * kg, age_years=age)
        assert decision.amount_milli == milli


@pytest.mark.parametrize("name", ["first-generation", "non-sedating", "once-stable"])
def test_the_antihistamine_is_that_of_the_site(name: str) -> None:
    ladders = choosing(antihistamine=name)
    early = rungs(ladders, drug="antihistamine", offered="at-once")
    sedating = [step for step in early if step.dose is not None]
    assert bool(early) == (name != "once-stable")
    assert bool(sedating) == (name == "first-generation")
    if name == "once-stable":
        assert rungs(ladders, drug="antihistamine", offered="when-resolved")


@pytest.mark.parametrize("name", ["if-not-improved", "none"])
def test_a_steroid_in_anaphylaxis_is_a_choice_and_an_adjunct(name: str) -> None:
    ladder = ladder_for(choosing(steroid=name), "anaphylaxis", 3)
    found = [step for step in ladder.steps if step.drug == "corticosteroid"]
    assert bool(found) == (name != "none")
    assert all(step.adjunct and step.offered == "if-not-improved" for step in found)
    other = ladder_for(choosing(steroid=name), "mild-allergic", 2)
    assert any(step.drug == "corticosteroid" for step in other.steps), "not anaphylaxis"


def test_a_site_may_restart_everything_at_half() -> None:
    ladders = choosing(restart_rate="half")
    assert not rungs(ladders, rate="last-tolerated")
    assert all(step.only_for == () for step in rungs(ladders, rate="half"))
    assert rungs(choosing(restart_rate="last-tolerated"), rate="last-tolerated")


@pytest.mark.parametrize(("name", "minutes"), [("15", 15), ("30", 30)])
def test_the_clear_time_is_that_of_the_site(name: str, minutes: int) -> None:
    for ladder in choosing(clear_time=name):
        assert ladder.clear_ms == (None if ladder.terminal else 60_000 * minutes)


@pytest.mark.parametrize(
    ("pattern", "kind", "minutes"),
    [
        ("rate-related", "immunoglobulin", 30),
        ("rate-related", "iron", 10),
        ("mild-allergic", "iron", 10),
        ("mild-allergic", "immunoglobulin", None),
        ("vasovagal", "other", 5),
        ("hypotensive", "monoclonal", 60),
        ("", "other", None),
    ],
)
def test_how_long_recovery_may_take(pattern: str, kind: str, minutes: int | None) -> None:
    assert site().recovery_ms(pattern, kind) == (None if minutes is None else 60_000 * minutes)


def test_a_choice_that_nobody_describes_is_refused() -> None:
    chosen = replace(site().chosen, steroid="often")
    with pytest.raises(ValueError, match="steroid 'often' has no position"):
        replace(site(), chosen=chosen)
    doubled = (*site().position, site().position[0])
    with pytest.raises(ValueError, match="stands twice"):
        replace(site(), position=doubled)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"option": "epinephrine_repeat"}, "needs after_ms, latest_ms"),
        ({"option": "epinephrine_repeat", "after_ms": 2, "latest_ms": 1}, "latest must not"),
        ({"option": "epinephrine_maximum"}, "needs maximum_milli"),
        ({"option": "refractory", "doses": 0}, "doses must be at least 1"),
    ],
)
def test_a_position_that_leaves_out_its_number_is_refused(
    given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Position(**{"name": "x", "words": "x", "source": ("x",), **given})
