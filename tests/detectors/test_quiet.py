"""The quick look leaves out work and nothing else: with and without it, the same decisions."""

from dataclasses import replace

import numpy as np
import pytest
from builders import book, clause, detection, expectations, params, pattern, rule, shipped

from detectors.ages import UNDER_ONE, AgeBand
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel, Flag
from detectors.detection import Detection, DetectionParams, Findings, Round
from detectors.quality import Reason
from detectors.quantities import PULSE_PRESSURE
from detectors.quiet import rows_with
from detectors.rulebook import Clause, Rule

N_BEDS = 60
T0_MS = 1_795_514_400_000
N_STUCK = 3
"""Later on the heart rate of so many beds stands still, and the pressure of as many swings."""
STUCK_FROM = 120
REST: dict[str, float] = {"hr": 72, "sbp": 120, "spo2": 97, "rr": 15}
AGES_CENTI = (MISSING, 4000, UNDER_ONE, 24, 25, 99, 100, 600, 1000, 1001, 1799, 1800, 9000)
REST_CENTI = (7200, 12000, 7500, 9000, 3680, 9700, 1500)

RATIO = Clause(
    channel=Channel.HR,
    basis="ratio",
    comparison=">=",
    limit_centi=220,
    over=PULSE_PRESSURE,
)
BY_AGE = Clause(
    channel=Channel.HR, basis="level", comparison=">", limit_centi=9000, per_year_centi=50
)
LOW_BY_AGE = Clause(
    channel=Channel.SBP, basis="level", comparison="<", limit_centi=7000, per_year_centi=200
)


def of_ages(given: Rule, from_centi: int, below_centi: int) -> Rule:
    """Return a rule that speaks of some ages only."""
    return replace(given, ages=AgeBand(from_centi=from_centi, below_centi=below_centi))


SHIPPED = shipped()
SEVERAL = params(
    book=book(
        rule("hypotension", 2, clause("sbp", "level", "<", 100), clause("sbp", "fall", ">=", 15)),
        rule("hypotension", 1, clause("sbp", "fall_percent", ">", 12)),
        rule("tachycardia", 1, clause("hr", "level", ">", 80), clause("spo2", "level", "<", 95)),
        rule("strain", 2, RATIO),
        rule("racing", 3, BY_AGE),
        replace(rule("racing", 3, clause("hr", "level", ">", 79)), unless_baseline=True),
        rule("racing", 1, clause("hr", "rise", ">", 4)),
        of_ages(rule("racing", 2, clause("hr", "level", ">=", 85)), 25, 1001),
        of_ages(rule("strain", 1, RATIO, clause("hr", "level", ">", 70)), 0, 100),
        of_ages(rule("hypotension", 4, LOW_BY_AGE), 100, 6001),
        replace(rule("racing", 1, clause("hr", "level", ">", 82)), unless_baseline=True),
    ),
    patterns=(pattern(every=(("hypotension", 1),), floor=2), pattern(some=(("racing", 1),))),
    expectations=expectations((0, "hr", 6, 0, 10), (1, "sbp", 10, 2, 30)),
)


def some_rounds(rng: np.random.Generator, n_rounds: int) -> list[Round]:
    """Return rounds of a ward in which values wander, jump, are doubted, late or missing."""
    rounds = []
    drift = np.zeros((N_BEDS, N_CHANNELS))
    last = np.full((N_BEDS, N_CHANNELS), MISSING, np.int32)
    for number in range(n_rounds):
        bed = rng.permutation(N_BEDS)[: rng.integers(N_BEDS // 2, N_BEDS + 1)].astype(np.int32)
        shape = (len(bed), N_CHANNELS)
        drift *= 0.98
        drift[rng.random(drift.shape) < 0.01] = rng.choice([-0.35, -0.1, 0.1, 0.4])
        noise = 1 + drift[bed] + rng.normal(0, 0.01, shape)
        value = (np.array(REST_CENTI) * noise).astype(np.int32)
        value[rng.random(shape) < 0.4] = MISSING
        # Some devices send the cuff's last pressures again, and some sensors stand still.
        again = rng.random(len(bed)) < 0.3
        value[again, Channel.SBP : Channel.TEMP] = last[bed[again], Channel.SBP : Channel.TEMP]
        if number > STUCK_FROM:
            value[bed < N_STUCK, Channel.HR] = 7200
            value[bed >= N_BEDS - N_STUCK, Channel.SBP] = 12_000 + 5_000 * (number % 2)
        last[bed] = np.where(value == MISSING, last[bed], value)
        late_ms = np.where(rng.random(shape) < 0.03, 40_000, 0)
        at_ms = np.int64(T0_MS + 10_000 * number) - late_ms
        flags = np.where(rng.random(shape) < 0.02, int(Flag.QUESTIONABLE), 0)
        known = value != MISSING
        rounds.append(
            Round(
                bed=bed,
                value_centi=value,
                measured_ms=np.where(known, at_ms, NEVER),
                flags=np.where(known, flags, 0).astype(np.uint16),
            )
        )
    return rounds


def disturb(rng: np.random.Generator, beds: tuple[Detection, Detection], number: int) -> None:
    """Let people chart symptoms, probes fall off, baselines end and sessions begin anew."""
    bed = int(rng.integers(N_BEDS))
    what = rng.choice(
        ["chart", "withdraw", "open", "start", "judge", "rate", "drug", *["nothing"] * 6]
    )
    at_ms = T0_MS + 10_000 * number + 1
    for one in beds:
        if what == "chart":
            one.charted[bed, -1] = 1 - one.charted[bed, -1]
            one.chart(bed, at_ms)
        elif what == "withdraw":
            one.withdraw(bed, Channel.SPO2)
        elif what == "open":
            one.clear(bed)
            one.judging[bed] = one.taking_baseline[bed] = True
            one.age_centi[bed] = AGES_CENTI[(number + bed) % len(AGES_CENTI)]
        elif what == "start":
            one.taking_baseline[bed] = False
        elif what == "judge":
            one.judging[bed] = not one.judging[bed]
        elif what == "drug":
            one.given_ms[bed, number % 2] = at_ms
        elif what == "rate":
            one.rate_step_ms[bed] = at_ms


COMPARED: dict[str, tuple[str, ...]] = {
    "": ("value_centi", "measured_ms", "doubted", "baseline_centi", "at_ms", "raw_centi", "raw_ms"),
    "beds": ("reason", "shown", "charted", "pattern"),
    "history": ("value_centi", "after_ms", "begun_ms"),
    "steadiness": ("run_since_ms", "run_at_ms", "swings", "swing_ms", "sent_ms"),
    "track": ("grade", "since_ms", "readings"),
}
"""What two detections must both remember, by the record in which it stands."""


def assert_same(quick: Detection, close: Detection) -> None:
    """Assert that two detections remember the same."""
    for part, names in COMPARED.items():
        one, other = (getattr(whole, part, whole) for whole in (quick, close))
        for name in names:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.parametrize("given", [SHIPPED, SEVERAL, params()], ids=["site", "several", "small"])
@pytest.mark.parametrize("seed", range(3))
def test_the_quick_look_changes_no_decision(given: DetectionParams, seed: int) -> None:
    quick, close = detection(given, n_beds=N_BEDS), detection(given, n_beds=N_BEDS)
    close.has_rest = False
    for one in (quick, close):
        one.taking_baseline[:] = True
        one.age_centi[:] = np.resize(AGES_CENTI, N_BEDS)
    rng = np.random.default_rng(seed)
    rested = told = 0
    reasons: set[int] = set()
    for number, round_ in enumerate(some_rounds(rng, 250)):
        found, expected = quick.take(round_), close.take(round_)
        for name in ("bed", "reason", "late", "changed"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
        assert_same(quick, close)
        reasons.update(found.reason.ravel().tolist())
        rows = np.arange(N_BEDS, dtype=np.int32)
        np.testing.assert_array_equal(quick.grade_of(rows), close.grade_of(rows))
        rested += int((quick.grade_of(rows) == 0).sum())
        told += int(found.changed.sum())
        disturb(rng, (quick, close), number)
        if number == 40:
            quick.taking_baseline[:] = close.taking_baseline[:] = False
    assert rested > 100, "beds at rest are what the quick look is for"
    assert told > 30, "and some must not be"
    if given is SHIPPED:
        assert reasons >= {Reason.FLAT, Reason.MOVING, Reason.RESENT, Reason.SITE, Reason.LOW}


def test_most_beds_at_rest_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = detection(shipped(), n_beds=N_BEDS, baseline=REST)
    judged: list[int] = []
    closely = ward._take_closely

    def counted(round_: Round) -> Findings:
        judged.append(len(round_.bed))
        return closely(round_)

    monkeypatch.setattr(ward, "_take_closely", counted)
    for second in range(3):
        value = np.full((N_BEDS, N_CHANNELS), MISSING, np.int32)
        value[:, [Channel.HR, Channel.SPO2, Channel.RR]] = 7200, 9700, 1500
        value[0, Channel.HR] = 14_000 if second == 2 else 7200
        known = value != MISSING
        ward.take(
            Round(
                bed=np.arange(N_BEDS, dtype=np.int32),
                value_centi=value,
                measured_ms=np.where(known, np.int64(T0_MS + 1000 * second), NEVER),
                flags=np.zeros(value.shape, np.uint16),
            )
        )
    assert judged[-1] == 1, judged


def test_rows_with_marks() -> None:
    marks = np.zeros((4, 3), np.bool_)
    marks[1, 2] = marks[3, 0] = True
    assert rows_with(marks).tolist() == [False, True, False, True]
    assert rows_with(np.zeros((2, 0), np.bool_)).tolist() == [False, False]
