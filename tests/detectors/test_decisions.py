"""Single decisions of the core: what alarms at once, what waits, what is given up, what stays."""

from dataclasses import replace

import numpy as np
import pytest
from arrays import Array
from builders import (
    SMALL_BOOK,
    T0_MS,
    Message,
    baseline_params,
    book,
    channel_limits,
    clause,
    confirmation,
    detection,
    message,
    params,
    pattern,
    round_of,
    rule,
    shipped,
    told,
)

from detectors.channels import MISSING, N_CHANNELS, Channel, Flag
from detectors.context import ContextFlag
from detectors.detection import Detection
from detectors.patterns import NO_PATTERN
from detectors.quality import Verdict

SHIPPED = shipped()
BASE: dict[str, int | str] = {"hr": 72, "sbp": 120, "dbp": 75, "temp": "36.7", "spo2": 98, "rr": 14}


def grade(made: Detection, sign: str) -> int:
    return int(made.track.grade[0, made.params.signs.index(sign)])


def shown(made: Detection, sign: str) -> int:
    return int(made.shown[0, made.params.signs.index(sign)])


def test_a_first_extreme_alarms_unless_it_is_doubted() -> None:
    extreme = params(bypass=(rule("hypotension", 0, clause("sbp", "level", "<", 80)),))
    assert grade(told(detection(extreme), message(0, sbp=79)), "hypotension") == 3
    assert grade(told(detection(extreme), message(0, sbp=80)), "hypotension") == 0
    doubted = message(0, 0, Flag.QUESTIONABLE, sbp=79)
    assert grade(told(detection(extreme), doubted), "hypotension") == 0
    assert grade(told(detection(extreme), doubted, message(30, sbp=79)), "hypotension") == 3


FAST = message(0, hr=118)
"""A pulse that has risen far enough to bear out a sign of another kind."""


def test_what_the_device_doubts_needs_a_second_reading_of_its_own() -> None:
    sound, doubted = (message(5, 0, flags, spo2=88) for flags in (Flag.NONE, Flag.QUESTIONABLE))
    repeat = message(35, 0, Flag.QUESTIONABLE, spo2=88)
    assert shown(told(detection(SHIPPED, baseline=BASE), FAST), "tachycardia") == 2
    assert grade(told(detection(SHIPPED, baseline=BASE), FAST, sound), "hypoxia") == 2
    assert grade(told(detection(SHIPPED, baseline=BASE), FAST, doubted), "hypoxia") == 0
    assert grade(told(detection(SHIPPED, baseline=BASE), FAST, doubted, repeat), "hypoxia") == 2


def test_no_charted_symptom_bears_out_what_the_device_doubts() -> None:
    for flags, confirmed in ((Flag.NONE, 2), (Flag.QUESTIONABLE, 0)):
        made = detection(SHIPPED, baseline=BASE)
        made.charted[0, SHIPPED.signs.index("skin")] = 1
        told(made, message(5, 0, flags, spo2=88))
        assert grade(made, "hypoxia") == confirmed
        assert shown(made, "hypoxia") == 2


def test_what_the_device_doubts_bears_out_nothing_unless_it_was_found_before() -> None:
    fast = message(65, hr=118)
    for flags, confirmed in ((Flag.NONE, 2), (Flag.QUESTIONABLE, 0)):
        made = told(detection(SHIPPED, baseline=BASE), message(60, 0, flags, spo2=88), fast)
        assert grade(made, "tachycardia") == confirmed
    found = told(detection(SHIPPED, baseline=BASE), message(0, spo2=88), message(30, spo2=88))
    told(found, message(60, 0, Flag.QUESTIONABLE, spo2=88), fast)
    assert grade(found, "tachycardia") == 2


@pytest.mark.parametrize(
    ("age", "base", "sbp", "confirmed"),
    [
        (5400, 120, 79, True),  # low, and fallen by 41
        (5400, 105, 79, False),  # low, and fallen by 26: the repeat decides
        (5400, 109, 79, True),  # exactly 30
        (5400, 140, 83, True),  # fallen by more than 40 %
        (5400, None, 79, True),  # nothing is known of before
        (5400, None, 80, False),
        (600, 92, 70, False),  # 23 %
        (600, 96, 70, True),  # 27 %
        (600, None, 70, True),
        (600, None, 78, False),
    ],
)
def test_with_a_baseline_an_extreme_is_low_and_fallen(
    age: int, base: int | None, sbp: int, *, confirmed: bool
) -> None:
    made = detection(SHIPPED, baseline=None if base is None else {"sbp": base})
    made.age_centi[0] = age
    told(made, message(0, sbp=sbp))
    assert (grade(made, "hypotension") >= 2) is confirmed
    assert shown(made, "hypotension") >= (2 if base is None and sbp == 79 else 1)


@pytest.mark.parametrize(
    ("pulse", "confirmed"),
    [
        (72, False),  # the pulse stands still: the repeat decides
        (87, False),  # exactly 15 faster is no sign yet
        (88, True),
        (58, False),
        (57, True),  # 15 slower is one, as in a faint
        (None, True),  # no pulse was measured
    ],
)
def test_an_extreme_that_the_pulse_does_not_answer_waits_for_its_repeat(
    pulse: int | None, *, confirmed: bool
) -> None:
    made = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    seen = message(0, sbp=79) if pulse is None else message(0, sbp=79, hr=pulse)
    told(made, seen)
    assert (grade(made, "hypotension") >= 3) is confirmed
    assert shown(made, "hypotension") >= 3
    told(made, replace(seen, at_s=60))
    assert grade(made, "hypotension") >= 3


@pytest.mark.parametrize(("seconds", "confirmed"), [(60, False), (61, True)])
def test_a_pulse_of_before_answers_for_nothing(seconds: int, *, confirmed: bool) -> None:
    made = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    told(made, message(0, hr=72), message(seconds, sbp=79))
    assert (grade(made, "hypotension") >= 3) is confirmed


def test_who_has_no_pulse_to_compare_or_a_held_one_or_is_a_child_does_not_wait() -> None:
    steady = message(0, sbp=69, hr=72)
    unknown = detection(SHIPPED, baseline={"sbp": 120})
    assert grade(told(unknown, steady), "hypotension") >= 3
    blunted = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    blunted.context[0, ContextFlag.BETA_BLOCKER] = True
    assert grade(told(blunted, steady), "hypotension") >= 3
    child = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    child.age_centi[0] = 600
    assert grade(told(child, steady), "hypotension") >= 3
    adult = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    assert grade(told(adult, steady), "hypotension") < 3


def test_who_is_known_to_be_hypotensive_does_not_wait() -> None:
    falling = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    told(falling, message(0, sbp=88, hr=72), message(60, sbp=88, hr=72))
    assert 1 <= grade(falling, "hypotension") < 3
    assert grade(told(falling, message(120, sbp=76, hr=72)), "hypotension") == 3


def test_a_charted_symptom_leaves_no_extreme_alone() -> None:
    made = detection(SHIPPED, baseline={"sbp": 120, "hr": 72})
    made.charted[0, SHIPPED.signs.index("skin")] = 1
    assert grade(told(made, message(0, sbp=79, hr=72)), "hypotension") >= 3


def test_a_sign_of_another_kind_confirms_at_once_and_one_of_the_same_kind_does_not() -> None:
    both = message(0, sbp=79, hr=140)
    assert grade(told(detection(), both), "hypotension") == 3
    assert grade(told(detection(), both), "tachycardia") == 2
    same = params(group=np.zeros(3, np.int32))
    assert grade(told(detection(same), both), "hypotension") == 0


def test_a_mild_sign_of_another_kind_confirms_nothing() -> None:
    mild = book(
        rule("hypotension", 3, clause("sbp", "level", "<", 80)),
        rule("tachycardia", 1, clause("hr", "level", ">", 130)),
    )
    made = told(detection(params(book=mild)), message(0, sbp=79, hr=140))
    assert grade(made, "hypotension") == 0
    assert grade(made, "tachycardia") == 1, "the stronger confirms the milder"


def test_a_charted_symptom_confirms_the_next_reading_at_once() -> None:
    made = told(detection(), message(0, sbp=79))
    assert grade(made, "hypotension") == 0
    made.charted[0, made.params.signs.index("skin")] = 1
    made.chart(0, T0_MS + 5_000)
    assert made.at_ms[0] == T0_MS + 5_000
    assert grade(made, "hypotension") == 0
    assert grade(told(made, message(10, sbp=79)), "hypotension") == 3


def test_a_symptom_charted_for_an_earlier_time_does_not_turn_time_back() -> None:
    made = told(detection(), message(60, sbp=120))
    made.chart(0, T0_MS)
    assert made.at_ms[0] == T0_MS + 60_000


def test_values_outside_their_time_are_not_combined() -> None:
    combined = book(
        rule("shock", 3, clause("sbp", "level", "<", 90), clause("hr", "level", ">", 100))
    )
    short = params(book=combined, valid_ms=np.full(N_CHANNELS, 60_000, np.int64))
    young = told(detection(short), message(0, sbp=85), message(60, hr=110))
    old = told(detection(short), message(0, sbp=85), message(60.001, hr=110))
    assert shown(young, "shock") == 3
    assert shown(old, "shock") == 0


TWO_PRESSURES = book(
    rule("hypotension", 3, clause("sbp", "level", "<", 80)),
    rule("hypotension", 2, clause("dbp", "level", "<", 40)),
)


def test_the_silence_of_one_channel_does_not_end_a_sign_that_another_reads_too() -> None:
    made = detection(params(book=TWO_PRESSURES, valid_ms=np.full(N_CHANNELS, 60_000, np.int64)))
    told(made, message(0, sbp=75), message(30, sbp=75))
    assert grade(made, "hypotension") == 3
    told(made, message(100, dbp=70), message(200, dbp=70), message(300, dbp=70))
    assert shown(made, "hypotension") == 0, "an old pressure shows nothing"
    assert grade(made, "hypotension") == 3, "and clears nothing"
    told(made, message(400, sbp=120), message(460, sbp=120))
    assert grade(made, "hypotension") == 0


def test_a_late_reading_is_kept_and_not_judged() -> None:
    made = told(detection(), message(60, sbp=120))
    for second in (60, 59):
        findings = made.take(round_of(message(second, sbp=70)))
        assert findings.late[0, Channel.SBP]
        assert findings.verdict[0, Channel.SBP] == Verdict.TRUSTED
        assert not findings.changed[0]
    assert made.value_centi[0, Channel.SBP] == 12_000
    assert shown(made, "hypotension") == 0


def test_an_impossible_reading_leaves_what_was_known() -> None:
    gated = params(limits=channel_limits(impossible_above={"sbp": 300}))
    made = told(detection(gated), message(0, sbp=120))
    findings = made.take(round_of(message(60, sbp=301)))
    assert findings.verdict[0, Channel.SBP] == Verdict.IMPOSSIBLE
    assert not findings.late.any()
    assert made.value_centi[0, Channel.SBP] == 12_000
    assert made.at_ms[0] == T0_MS


def test_nothing_is_judged_without_a_session() -> None:
    made = detection(judging=False)
    findings = made.take(round_of(message(0, sbp=70, hr=150)))
    assert not findings.changed.any()
    assert made.pattern[0] == NO_PATTERN
    assert not made.shown.any()
    assert made.value_centi[0, Channel.SBP] == 7_000


def test_a_change_is_found_once() -> None:
    made = detection()
    changed = [
        bool(made.take(round_of(message(second, sbp=value))).changed[0])
        for second, value in ((0, 120), (30, 79), (60, 79), (90, 79))
    ]
    assert changed == [False, True, True, False]


def test_baselines_are_learned_only_while_they_are_taken() -> None:
    made = detection(params(baseline=baseline_params(spacing_s=30)), n_beds=2)
    made.taking_baseline[:] = [True, False]
    for second, value in ((0, 150), (30, 120), (45, 10), (60, 122), (90, 124)):
        made.take(round_of(message(second, 0, sbp=value), message(second, 1, sbp=value)))
    assert made.baseline_centi[:, Channel.SBP].tolist() == [12_200, MISSING]
    assert made.baseline_states(np.array([0, 1], np.int32))[:, Channel.SBP].tolist() == [2, 0]


@pytest.mark.parametrize("floor", [0, 1, 4])
def test_a_picture_lifts_the_grade_and_never_lowers_it(floor: int) -> None:
    rows = (pattern(every=(("hypotension", 1),), floor=floor),)
    made = told(detection(params(patterns=rows)), message(0, sbp=85), message(30, sbp=85))
    assert made.pattern[0] == 0
    assert made.grade_of(np.array([0], np.int32)).tolist() == [max(1, floor)]


def test_without_pictures_the_grade_is_that_of_the_worst_sign() -> None:
    made = told(detection(params(patterns=())), message(0, sbp=85, hr=140))
    made.charted[0, made.params.signs.index("skin")] = 3
    assert made.grade_of(np.array([0], np.int32)).tolist() == [3]
    assert made.grade_of(np.empty(0, np.int32)).tolist() == []


def test_a_sign_without_rules_is_no_less_a_sign() -> None:
    lonely = params(book=book(), signs=("skin",), confirmation=confirmation(1))
    made = told(detection(lonely), message(0, sbp=70))
    made.charted[0, 0] = 2
    made.chart(0, T0_MS)
    assert made.grade_of(np.array([0], np.int32)).tolist() == [2]


# ----------------------------------------------------------------------------- lost probes

SATURATION = book(
    *SMALL_BOOK.rules,
    rule("hypoxia", 2, clause("spo2", "level", "<", 90)),
    rule("hypoxia", 3, clause("spo2", "level", "<", 85)),
)


def probed() -> Detection:
    return detection(params(book=SATURATION))


def test_a_lost_probe_takes_back_what_it_alone_had_shown() -> None:
    made = told(probed(), message(0, spo2=70))
    assert shown(made, "hypoxia") == 3
    assert made.withdraw(0, Channel.SPO2)
    assert shown(made, "hypoxia") == 0
    assert not made.withdraw(0, Channel.SPO2)
    told(made, message(30, spo2=70))
    assert grade(made, "hypoxia") == 0, "what was withdrawn does not count as a first reading"


def test_a_lost_probe_does_not_confirm_another_sign() -> None:
    made = told(probed(), message(0, spo2=70))
    made.withdraw(0, Channel.SPO2)
    assert grade(told(made, message(10, sbp=79)), "hypotension") == 0


def test_a_lost_probe_ends_nothing_that_was_confirmed() -> None:
    made = told(probed(), message(0, spo2=88), message(30, spo2=88), message(40, spo2=80))
    assert (grade(made, "hypoxia"), shown(made, "hypoxia")) == (2, 3)
    assert made.withdraw(0, Channel.SPO2)
    assert (grade(made, "hypoxia"), shown(made, "hypoxia")) == (2, 2)
    assert grade(told(made, message(50, spo2=88)), "hypoxia") == 2


def test_a_sign_that_two_channels_read_outlives_the_loss_of_one() -> None:
    made = told(detection(params(book=TWO_PRESSURES)), message(0, sbp=75))
    assert not made.withdraw(0, Channel.SBP)
    assert shown(made, "hypotension") == 3


# ------------------------------------------------------------------- pinned: seeded streams


def stream(seed: int, fall: int) -> list[Message]:
    """Return four hours of noisy pressures every five minutes that fall after two hours."""
    chance = np.random.default_rng(seed)
    noise: Array = np.rint(chance.normal(0, 6, 48)).astype(int)
    pressures = [120 + int(n) - fall * (i >= 24) for i, n in enumerate(noise)]
    return [message(300 * i, sbp=sbp, dbp=sbp * 6 // 10) for i, sbp in enumerate(pressures)]


@pytest.mark.parametrize(
    ("seed", "fall", "found_s"),
    [
        pytest.param(1, 30, 7_200, id="74: an extreme at once"),
        pytest.param(2, 30, 8_400, id="84, 95, 102, 80, 80: two must follow each other"),
        pytest.param(1, 45, 7_500, id="59, 64: a doubtful extreme needs another"),
        pytest.param(2, 0, None, id="no fall, no finding"),
    ],
)
def test_a_planted_fall_is_found_at_the_reading_that_shows_it(
    seed: int, fall: int, found_s: int | None
) -> None:
    made = detection(SHIPPED, baseline=dict(BASE))
    column = SHIPPED.signs.index("hypotension")
    found = None
    for one in stream(seed, fall):
        made.take(round_of(one))
        if found is None and made.track.grade[0, column] >= 2:
            found = one.at_s
    assert found == found_s
