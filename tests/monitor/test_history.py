"""What earlier reactions propose for the next session, from the opening and from memory."""

from typing import Any, Final

import pytest
from builders import T0_MS, ward_settings
from ward_builders import Play, alerts, anaphylactic, of, opened, pump, session

from monitor.care.history import REMEMBERED, HistoryParams, proposals, recent
from monitor.facts.effects import HistoryConsidered
from monitor.facts.records import PriorReaction

PARAMS: Final = ward_settings().history
PRODUCT: Final = ward_settings().product("gammaplex-10-pi")
OTHER: Final = ward_settings().product("other")
DAY_S: Final = 86_400


def prior(grade: int = 2, **changed: Any) -> PriorReaction:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "pattern": "febrile",
        "product": "gammaplex-10-pi",
        "rate_centi_ml_per_h": 16_800,
        "at_ms": None,
    }
    return PriorReaction(grade=grade, **{**usual, **changed})


@pytest.mark.parametrize(
    ("grade", "kinds"),
    [
        (1, ["premedication", "rate-cap"]),
        (2, ["premedication", "rate-cap"]),
        (3, ["prescriber", "premedication", "rate-cap"]),
        (4, ["prescriber", "premedication", "rate-cap"]),
    ],
)
def test_what_a_grade_proposes(grade: int, kinds: list[str]) -> None:
    found = proposals(PARAMS, [prior(grade)], PRODUCT, 7000)
    assert [one.kind for one in found] == kinds
    words = f"earlier reaction of grade {grade}, febrile, to gammaplex-10-pi at 168.0 mL/h"
    assert {one.because for one in found} == {words}


def test_nothing_before_proposes_nothing() -> None:
    assert proposals(PARAMS, [], PRODUCT, 7000) == ()


@pytest.mark.parametrize(
    ("reaction", "weight", "cap"),
    [
        (prior(), 7000, 8400),
        (prior(rate_centi_ml_per_h=2100), 7000, None),
        (prior(rate_centi_ml_per_h=None), 7000, None),
        (prior(product=""), 7000, 8400),
        (prior(product="octagam-10-itp"), 7000, None),
        (prior(), None, 8400),
        (prior(rate_centi_ml_per_h=20_000), None, 10_000),
    ],
)
def test_the_cap_is_the_step_below_the_rate_that_was_not_tolerated(
    reaction: PriorReaction, weight: int | None, cap: int | None
) -> None:
    found = proposals(PARAMS, [reaction], PRODUCT, weight)
    assert [one.rate_centi_ml_per_h for one in found if one.kind == "rate-cap"] == (
        [] if cap is None else [cap]
    )
    assert not [one for one in proposals(PARAMS, [reaction], None, 7000) if one.kind == "rate-cap"]


def test_of_several_the_worst_gives_the_reason_and_the_lowest_the_cap() -> None:
    worst = prior(3, pattern="anaphylaxis", rate_centi_ml_per_h=33_600)
    found = proposals(PARAMS, [prior(1, rate_centi_ml_per_h=8400), worst, prior()], PRODUCT, 7000)
    assert found[0].because.startswith("earlier reaction of grade 3, anaphylaxis")
    assert found[-1].rate_centi_ml_per_h == 4200
    assert found[-1].because.endswith("at 84.0 mL/h")


def test_a_reaction_counts_for_a_time_and_one_without_a_time_always() -> None:
    old, undated = prior(at_ms=0), prior(at_ms=None)
    assert recent(PARAMS, [old, undated], PARAMS.remember_for_ms) == (old, undated)
    assert recent(PARAMS, [old, undated], PARAMS.remember_for_ms + 1) == (undated,)


@pytest.mark.parametrize("grade", [0, 5])
def test_a_grade_that_is_none_is_refused(grade: int) -> None:
    with pytest.raises(ValueError, match="prescriber_from_grade must be 1 to 4"):
        HistoryParams(
            premedication_from_grade=1,
            rate_cap_from_grade=1,
            prescriber_from_grade=grade,
            remember_for_ms=1,
        )


def kinds(play: Play, bed: str = "1") -> list[str]:
    return [one.kind for one in play.view(bed).proposals]


def test_an_opening_that_tells_of_a_reaction_is_answered_with_proposals() -> None:
    play = opened(history=(prior(),))
    (told,) = of(HistoryConsidered, play.told)
    assert (told.session, told.subject) == ("S-1", "PX-1")
    assert kinds(play) == ["premedication", "rate-cap"]
    play.take(pump(100, "infusing", 84))
    assert not alerts(play.told, "advisory")
    play.take(pump(5000, "infusing", 168))
    assert "rate:above-history-cap" in {one.cause for one in alerts(play.told, "advisory")}


def test_the_ward_remembers_a_reaction_for_the_next_session_of_the_same_person() -> None:
    play = anaphylactic()
    play.take(pump(340, "stopped"), session(400, "close"))
    assert kinds(play) == []
    play.take(session(7 * DAY_S, bed="2", subject="PX-1", id="S-8"))
    assert kinds(play, "2") == ["prescriber", "premedication", "rate-cap"]
    because = play.view("2").proposals[0].because
    assert because == ("earlier reaction of grade 3, anaphylaxis, to gammaplex-10-pi at 168.0 mL/h")
    play.take(session(7 * DAY_S + 10, bed="3", subject="PX-9", id="S-9"))
    assert kinds(play, "3") == []


def test_a_session_without_a_reaction_leaves_nothing_behind() -> None:
    play = opened()
    play.take(session(400, "close"))
    assert play.ward.state.subjects == {}
    play.take(session(500, id="S-2"))
    assert not of(HistoryConsidered, play.told)


def test_only_the_newest_reactions_of_a_person_are_kept() -> None:
    play = anaphylactic()
    state = play.ward.state
    state.subjects["PX-1"] = (prior(1, at_ms=T0_MS),) * REMEMBERED
    play.take(session(400, "close"))
    assert len(state.subjects["PX-1"]) == REMEMBERED
    assert state.subjects["PX-1"][-1].grade == 3
