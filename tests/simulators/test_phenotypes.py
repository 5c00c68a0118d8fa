"""Phenotypes: what is drawn stays inside its row, and each picture is the one it is named for."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cohort_wards import chairs_of, cohort_of
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import Channel, Float
from monitor.care.ladders import PATTERNS
from simulators.cases import TURNED_SIZE, Case, drawn_picture, onset_s
from simulators.chairs import Chair, generator
from simulators.cohorts import ward_scenario_of
from simulators.infusion import rungs
from simulators.overloads import PHENOTYPES
from simulators.physiology import resting_course

ROOT = Path(__file__).resolve().parents[2]
SYMPTOMS = {
    row["name"]
    for row in tomllib.loads((ROOT / "config/symptoms.toml").read_text(encoding="utf-8"))["symptom"]
}
SOURCES = tomllib.loads((ROOT / "config/sources.toml").read_text(encoding="utf-8"))
SEEDS = st.integers(min_value=0, max_value=2**32)


def moved(here: Chair) -> Float:
    """Return what the reaction did to the body, shape (channel, second)."""
    resting = resting_course(
        here.who,
        seconds=here.seconds,
        rng=generator(here.seed, here.plan.bed, "course"),
        opened_h=here.opened_ms % 86_400_000 / 3_600_000,
    )
    return here.course.values - resting.values


@pytest.mark.parametrize("name", PHENOTYPES)
def test_a_row_names_known_patterns_symptoms_and_sources(name: str) -> None:
    kind = PHENOTYPES[name]

    assert kind.pattern in PATTERNS
    assert {symptom for seen in kind.signs for symptom in seen.symptoms} <= SYMPTOMS
    assert set(kind.source) <= set(SOURCES)


@pytest.mark.parametrize("name", PHENOTYPES)
@settings(max_examples=20)
@given(seed=SEEDS)
def test_what_is_drawn_lies_in_the_row(name: str, seed: int) -> None:
    kind = PHENOTYPES[name]
    picture = drawn_picture(kind, np.random.default_rng(seed))

    assert kind.grades[picture.grade - 1] > 0
    assert picture.pattern == kind.pattern
    for limb in picture.limbs:
        sizes = [swing for swing in kind.swings if swing.channel == limb.channel]
        ends = [end for swing in sizes for end in swing.size]
        least, most = min(ends), max(ends)
        if any(swing.either for swing in sizes):
            least = -most
        if any(swing.turned for swing in sizes):
            least = TURNED_SIZE * most
        assert min(least, 0) - 1e-9 <= limb.extreme <= max(most, 0) + 1e-9
        assert limb.rise_s > 0
        assert limb.fall_s > 0
        assert limb.until_s > limb.delay_s


@pytest.mark.parametrize("name", PHENOTYPES)
@settings(max_examples=20)
@given(seed=SEEDS)
def test_an_onset_lies_in_the_row_or_at_a_rate_step(name: str, seed: int) -> None:
    kind = replace(PHENOTYPES[name], late=0.0)
    begins_s = onset_s(kind, np.random.default_rng(seed), start_s=600, dose_g_per_kg=0.6)

    least, most = (600 + 60 * end for end in kind.onset_min[1:])
    if kind.drive == "onset":
        assert least <= begins_s <= most
    elif kind.drive == "rate":
        assert (begins_s - 600) % 900 == 0
    else:
        assert begins_s > 600


@pytest.mark.parametrize("name", ["febrile", "fluid-overload"])
def test_a_late_onset_comes_after_the_planned_end(name: str) -> None:
    kind = replace(PHENOTYPES[name], late=1.0)
    least, most = kind.late_min
    for seed in range(30):
        begins_s = onset_s(kind, np.random.default_rng(seed), start_s=600, dose_g_per_kg=0.6)
        end_s = rungs(600, (), volume_ml_per_kg=6.0)[-1].at_s
        assert end_s - 1 + 60 * least <= begins_s <= end_s + 60 * most


@pytest.mark.parametrize(
    ("name", "channel", "least", "most"),
    [
        ("vasovagal", Channel.HR, -41, 15),
        ("mild-allergic", Channel.SBP, -10, 10),
        ("mild-allergic", Channel.DBP, -10, 10),
        ("infusion-flush", Channel.DBP, -10, 10),
        ("rate-related", Channel.DBP, -20, 20),
        ("fluid-overload", Channel.TEMP, 0, 1),
        ("pseudo-allergic", Channel.HR, -20, 40),
        ("pseudo-allergic", Channel.DBP, -0.28, 0.28),
    ],
)
def test_what_a_row_says_of_a_channel_happens_to_some(
    name: str, channel: Channel, least: float, most: float
) -> None:
    sizes = [
        limb.extreme
        for seed in range(60)
        for limb in drawn_picture(PHENOTYPES[name], np.random.default_rng(seed)).limbs
        if limb.channel == channel
    ]

    assert sizes
    assert least <= min(sizes)
    assert max(sizes) <= most
    assert (min(sizes) < 0) == (least < 0)
    assert (max(sizes) > 0) == (most > 0)


def cases_of(name: str) -> list[Case]:
    """Return the cases of a cohort of one kind, without a nurse and without their chairs."""
    ward = ward_scenario_of(cohort_of(name, sessions=30, nurse="ignores"), 1)
    return [plan.case for plan in ward.beds if plan.case]


def test_who_gets_an_overload_breathes_faster_before() -> None:
    overload, fever = (
        np.mean([case.who.rr_per_min for case in cases_of(name)])
        for name in ("fluid-overload", "febrile")
    )

    assert overload > fever + 1.5


def test_paracetamol_before_hides_a_part_of_a_fever() -> None:
    fevers: dict[bool, list[float]] = {True: [], False: []}
    for case in cases_of("cytokine-release"):
        fevers[case.premedicated] += [
            limb.extreme for limb in case.picture.limbs if limb.channel == Channel.TEMP
        ]

    assert np.mean(fevers[True]) < 0.85 * np.mean(fevers[False])


def test_a_worse_grade_moves_further() -> None:
    falls: dict[int, list[float]] = {}
    for seed in range(80):
        picture = drawn_picture(PHENOTYPES["hypotensive"], np.random.default_rng(seed))
        deepest = min(limb.extreme for limb in picture.limbs)
        falls.setdefault(picture.grade, []).append(deepest)

    assert max(falls[4]) < min(falls[2])


@pytest.mark.parametrize("name", ["anaphylaxis", "anaphylaxis-no-skin"])
def test_anaphylaxis_takes_a_quarter_of_the_pressure_within_minutes(name: str) -> None:
    for here in chairs_of(name, nurse="ignores"):
        at_s = here.plan.reaction_s
        lost = -moved(here)[Channel.SBP, at_s : at_s + 420] / here.who.sbp_mmhg
        assert lost.max() >= 0.2
        assert moved(here)[Channel.HR, at_s : at_s + 300].max() >= 15


def test_a_beta_blocker_keeps_the_pulse_down_and_halves_what_epinephrine_does() -> None:
    for here in chairs_of("anaphylaxis-beta-blocked", nurse="ignores"):
        at_s = here.plan.reaction_s
        assert moved(here)[Channel.HR, at_s : at_s + 300].max() <= 12
    share = {
        name: [one.share for one in PHENOTYPES[name].reliefs if one.remedy == "epinephrine"]
        for name in ("anaphylaxis", "anaphylaxis-beta-blocked")
    }
    assert share["anaphylaxis-beta-blocked"] == [share["anaphylaxis"][0] / 2]


def test_only_anaphylaxis_with_skin_signs_shows_the_skin() -> None:
    skin = {"hives", "flushing", "itch"}

    assert all(
        skin & {sign.symptom for sign in here.picture.signs} for here in chairs_of("anaphylaxis")
    )
    assert not any(
        skin & {sign.symptom for sign in here.picture.signs}
        for here in chairs_of("anaphylaxis-no-skin")
    )


def test_overload_and_lung_injury_have_opposite_signs_of_pressure() -> None:
    for name, sign in (("fluid-overload", 1.0), ("lung-injury", -1.0)):
        for here in chairs_of(name, nurse="ignores"):
            late = moved(here)[:, here.plan.reaction_s + 3600 : here.plan.reaction_s + 3660]
            if late.shape[1]:
                assert np.sign(late[Channel.SBP].mean()) == sign
                assert late[Channel.SPO2].mean() < -1
                assert late[Channel.RR].mean() > 1


def test_overload_is_less_when_it_is_stopped_and_relieved() -> None:
    ignored, cared_for = (
        sum(float(here.activity.max()) for here in chairs_of("fluid-overload", nurse=nurse))
        for nurse in ("ignores", "follows")
    )

    assert cared_for < ignored


def test_pulse_rises_before_temperature_in_a_fever() -> None:
    for here in chairs_of("febrile", nurse="ignores"):
        at_s = here.plan.reaction_s
        if at_s + 400 >= here.seconds:
            continue
        assert moved(here)[Channel.HR, at_s + 380] > 5
        assert abs(moved(here)[Channel.TEMP, at_s + 380]) < 0.01


def test_a_flush_under_iron_is_over_minutes_after_the_pause() -> None:
    for here in chairs_of("infusion-flush"):
        case = here.plan.case
        assert case is not None
        assert here.product == "iron-iv"
        paused = [move.at_s for move in case.moves if move.verb in ("pause", "slow")]
        if paused and case.moves[0].verb == "pause":
            assert here.activity[min(paused[0] + 660, here.seconds - 1)] < 0.15
