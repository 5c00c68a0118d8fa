"""The slow twin of the whole detection core: one bed, one reading after the other, no arrays."""

from dataclasses import dataclass, field

import naive
import naive_quality
import numpy as np
from naive_excursions import NaiveHistory
from naive_steadiness import PRESSURES, NaiveSteadiness

from benchmarks.plain_pictures import Facts, PlainMemory, PlainPictures, with_newest
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel, Flag
from detectors.context import N_FLAGS, ContextFlag
from detectors.detection import Detection, DetectionParams
from detectors.expectations import DRUG_PLACES
from detectors.history import HISTORY_DEPTH
from detectors.patterns import NO_PATTERN
from detectors.quality import VERDICTS, Verdict


@dataclass
class Reading:
    """One value of one channel."""

    channel: int
    value_centi: int
    measured_ms: int
    flags: int


@dataclass
class NaiveBed:
    """What is known about one bed."""

    params: DetectionParams
    taking_baseline: bool = False
    judging: bool = True
    value: list[int] = field(default_factory=lambda: [MISSING] * N_CHANNELS)
    value_ms: list[int] = field(default_factory=lambda: [NEVER] * N_CHANNELS)
    doubted: list[bool] = field(default_factory=lambda: [False] * N_CHANNELS)
    unsure: list[bool] = field(default_factory=lambda: [False] * N_CHANNELS)
    raw: list[tuple[int, int, int] | None] = field(default_factory=lambda: [None] * N_CHANNELS)
    base: list[int] = field(default_factory=lambda: [MISSING] * N_CHANNELS)
    age_centi: int = MISSING
    at_ms: int = NEVER
    rate_step_ms: int | None = None
    rate_cut_ms: int | None = None
    flags: list[bool] = field(default_factory=lambda: [False] * N_FLAGS)
    floor: int = 0
    pattern: int = NO_PATTERN
    charted: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    signs: dict[str, naive.NaiveSign] = field(default_factory=dict)
    opened_ms: int | None = None
    given_ms: list[int] = field(default_factory=lambda: [NEVER] * DRUG_PLACES)
    windows: list[naive.NaiveBaseline] = field(default_factory=list)
    history: list[NaiveHistory] = field(
        default_factory=lambda: [NaiveHistory() for _ in range(N_CHANNELS)]
    )

    def __post_init__(self) -> None:
        """Begin with every sign absent."""
        given = self.params.baseline
        self.windows = [naive.NaiveBaseline(given, channel) for channel in range(N_CHANNELS)]
        self.steady = NaiveSteadiness(self.params.steadiness)
        times = self.params.confirmation
        self.memory = PlainMemory(len(self.params.signs))
        for index, sign in enumerate(self.params.signs):
            self.charted[sign] = self.shown[sign] = 0
            self.signs[sign] = naive.NaiveSign(
                persist_ms=int(times.persist_ms[index]), clear_ms=int(times.clear_ms[index])
            )

    def take(self, message: list[Reading]) -> list[int]:
        """Take one message and return the verdict on each channel."""
        value, at_ms, flags = [MISSING] * N_CHANNELS, [NEVER] * N_CHANNELS, [0] * N_CHANNELS
        for one in message:
            value[one.channel], at_ms[one.channel] = one.value_centi, one.measured_ms
            flags[one.channel] = one.flags
        verdicts = naive_quality.verdicts_of(
            self.params.limits,
            self.params.pulse_pressure,
            value,
            at_ms,
            flags,
            self.value,
            self.value_ms,
        )
        steady = self.steady
        again = steady.is_sent_again(value, at_ms, flags)
        held = again and self.holds_back(at_ms[Channel.SBP])
        if again:
            steady.sent_ms = max(steady.sent_ms or 0, at_ms[Channel.SBP])
        poor = self.doubted[Channel.SPO2] or bool(flags[Channel.SPO2] & Flag.QUESTIONABLE)
        new = set()
        for one in message:
            c, before_ms = one.channel, self.value_ms[one.channel]
            if verdicts[c] == Verdict.TRUSTED and again and c in PRESSURES:
                verdicts[c] = Verdict.SUSPICIOUS
            believed = verdicts[c] in (Verdict.TRUSTED, Verdict.SUSPICIOUS)
            if one.measured_ms > before_ms and believed and not (held and c in PRESSURES):
                new.add(c)
                steady.take(c, one.value_centi, one.measured_ms)
                odd = steady.stands_still(c) or steady.is_motion(c, poor=poor)
                if verdicts[c] == Verdict.TRUSTED and odd:
                    verdicts[c] = Verdict.SUSPICIOUS
                self.value[c], self.value_ms[c] = one.value_centi, one.measured_ms
                spacing_ms = int(self.params.history_spacing_ms[c])
                self.history[c].take(spacing_ms, one.value_centi, one.measured_ms)
                self.doubted[c] = verdicts[c] == Verdict.SUSPICIOUS
                self.unsure[c] = bool(one.flags & Flag.QUESTIONABLE)
                self.at_ms = max(self.at_ms, one.measured_ms)
            if one.measured_ms > before_ms:
                sound = verdicts[c] == Verdict.TRUSTED
                self.raw[c] = None if sound else (one.value_centi, one.measured_ms, verdicts[c])
        if self.taking_baseline:
            for c in new:
                self.learn(c)
        self.judge(new)
        return verdicts

    def learn(self, c: int) -> None:
        """Let the baseline of a channel take its newest reading, unless that is not fit."""
        shivers = any(self.charted[sign] for sign in self.params.baseline.not_during)
        window = self.windows[c]
        if self.doubted[c] or shivers:
            window.refused += 1
        elif window.take(self.value[c], self.value_ms[c], self.opened_ms):
            self.base[c] = window.centre()

    def give(self, at_ms: int, place: int | None = None) -> None:
        """Take note of a drug that was given, and of which if something is expected of it."""
        if place is not None:
            self.given_ms[place] = max(self.given_ms[place], at_ms)
        if self.taking_baseline:
            for window in self.windows:
                window.give(at_ms)

    def holds_back(self, at_ms: int) -> bool:
        """Return whether pressures that were sent again are no reading at all."""
        shows = any(
            self.shown[sign] > self.signs[sign].grade
            for sign in self.params.signs
            if self.channels(sign) & set(PRESSURES)
        )
        return not shows or at_ms - self.value_ms[Channel.SBP] < self.params.steadiness.held_ms

    def chart(self, sign: str, grade: int, at_ms: int) -> None:
        """Take what people see of a sign."""
        self.charted[sign] = grade
        self.at_ms = max(self.at_ms, at_ms)
        self.judge(set())

    def withdraw(self, channel: int) -> None:
        """Forget what a lost probe alone has shown and nobody confirmed."""
        for sign in self.params.signs:
            confirmed = self.signs[sign].grade
            if self.channels(sign) == {channel} and self.shown[sign] > confirmed:
                self.shown[sign] = confirmed
                for level in range(confirmed + 1, 5):
                    self.signs[sign].above[level] = []

    def judge(self, new: set[int]) -> None:
        """Judge the bed after some channels were read."""
        book = self.params.book
        give = self.params.hysteresis_centi.tolist()
        doubt = self.doubt()
        explained = self.explained()
        truths = naive.rule_truths(
            book, self.valid(), self.base, None, self.age_centi, doubt, explained
        )
        held = naive.rule_truths(book, self.value, self.base, give, self.age_centi, doubt)
        truths, held = (self.needed(some) for some in (truths, held))
        shown = self.grades([truth is True for truth in truths])
        stays = self.grades([truth is True for truth in held])
        read = [sign for sign in self.params.signs if self.judging and self.channels(sign) & new]
        for sign in read:
            self.shown[sign] = shown[sign]
        for sign in read:
            self.signs[sign].read(
                max(self.value_ms[c] for c in self.channels(sign)),
                shown=shown[sign],
                stays=stays[sign],
                at_once=self.bypassed(sign) or self.corroborated(sign, shown),
            )
        self.look()

    def needed(self, truths: list[naive.Truth]) -> list[naive.Truth]:
        """Return the truths without stand-ins, but with dangers that the baseline shares."""
        book = self.params.book
        excused = naive.needed_rules(book, truths, self.base)
        before = naive.rule_truths(book, self.base, self.base, age_centi=self.age_centi)
        return [
            truth if rule.grade >= 3 and shared is True else after
            for rule, truth, after, shared in zip(book.rules, truths, excused, before, strict=True)
        ]

    def doubt(self) -> list[int]:
        """Return how far each baseline may be off: a provisional one by the stated doubt."""
        least = self.params.baseline.least_readings
        given = self.params.baseline.doubt_centi.tolist()
        return [
            off if 0 < len(window.values) <= least else 0
            for off, window in zip(given, self.windows, strict=True)
        ]

    def explained(self) -> list[int]:
        """Return how much of a rise drugs explain now."""
        last_ms = [NEVER if one.last_ms is None else one.last_ms for one in self.windows]
        rows = self.params.expectations
        return naive.expected_rises(rows, self.given_ms, self.at_ms, last_ms)

    def valid(self) -> list[int]:
        """Return the values that are young enough to be combined."""
        found = []
        for c in range(N_CHANNELS):
            known = self.value_ms[c] != NEVER
            young = known and self.at_ms - self.value_ms[c] <= self.params.valid_ms[c]
            found.append(self.value[c] if young else MISSING)
        return found

    def channels(self, sign: str) -> set[int]:
        """Return the channels that the rules of a sign read."""
        return {
            channel
            for rule in self.params.book.rules
            if rule.sign == sign
            for clause in rule.clauses
            for channel in clause.channels
        }

    def grades(self, holds: list[bool]) -> dict[str, int]:
        """Return the highest grade of the rules of each sign that hold."""
        grades = dict.fromkeys(self.params.signs, 0)
        for rule, holds_ in zip(self.params.book.rules, holds, strict=True):
            if holds_:
                grades[rule.sign] = max(grades[rule.sign], rule.grade)
        return grades

    def bypassed(self, sign: str) -> bool:
        """Return whether an extreme that nobody doubts needs no confirmation."""
        if any(self.doubted[c] for c in self.channels(sign)):
            return False
        alone = naive.book_of(tuple(rule for rule in self.params.alone if rule.sign == sign))
        now = [
            MISSING if self.at_ms - at_ms > self.params.alone_within_ms else value
            for value, at_ms in zip(self.valid(), self.value_ms, strict=True)
        ]
        stands = naive.rule_truths(alone, now, self.base, age_centi=self.age_centi)
        is_known = self.signs[sign].grade > 0 or self.flags[ContextFlag.BETA_BLOCKER]
        if True in stands and not is_known:
            return False
        book = naive.book_of(tuple(rule for rule in self.params.bypass if rule.sign == sign))
        truths = naive.rule_truths(book, self.valid(), self.base, age_centi=self.age_centi)
        return True in naive.needed_rules(book, truths, self.base)

    def corroborated(self, sign: str, shown: dict[str, int]) -> bool:
        """Return whether another kind of measurement shows a sign too."""
        if self.is_unsure(sign):
            return False
        group = dict(zip(self.params.signs, self.params.group.tolist(), strict=True))
        for other in self.params.signs:
            seen = min(shown[other], self.shown[other])
            if self.is_unsure(other):
                seen = min(seen, self.signs[other].grade)
            strong = seen >= self.params.corroborating_grade or self.charted[other] > 0
            if strong and group[other] != group[sign]:
                return True
        return False

    def is_unsure(self, sign: str) -> bool:
        """Return whether the device itself doubts what a sign was read from."""
        return any(self.unsure[c] for c in self.channels(sign))

    def grade_of(self, sign: str) -> int:
        """Return the confirmed grade of a sign, whoever saw it."""
        return max(self.signs[sign].grade, self.charted[sign])

    def look(self) -> None:
        """Look at the pictures that the signs make."""
        facts = Facts(
            grades=[self.grade_of(sign) for sign in self.params.signs],
            since_ms=[next(iter(self.signs[sign].above[1]), None) for sign in self.params.signs],
            at_ms=self.at_ms,
            step_ms=self.rate_step_ms,
            cut_ms=self.rate_cut_ms,
            flags=self.flags,
            value=[None if one == MISSING else one for one in self.valid()],
            base=[None if one == MISSING else one for one in self.base],
            age_centi=None if self.age_centi == MISSING else self.age_centi,
            recent=[
                with_newest(
                    [(at_ms, value) for value, at_ms in self.history[c].recent()],
                    None if self.value[c] == MISSING else self.value[c],
                    self.value_ms[c],
                )
                for c in range(N_CHANNELS)
            ],
        )
        pictures = PlainPictures(self.params)
        self.pattern, self.floor = pictures.look(self.memory, facts, self.pattern)
        if not self.judging:
            self.pattern, self.floor = NO_PATTERN, 0

    def grade(self) -> int:
        """Return the grade of the bed."""
        return max([self.floor, *(self.grade_of(sign) for sign in self.params.signs)])

    def same_as(self, core: Detection, bed: int) -> None:
        """Assert that the detection core thinks the same of one of its beds."""
        signs = self.params.signs
        assert core.value_centi[bed].tolist() == self.value
        assert core.measured_ms[bed].tolist() == self.value_ms
        assert core.doubted[bed].tolist() == self.doubted
        assert core.unsure[bed].tolist() == self.unsure
        assert core.raw_centi[bed].tolist() == [raw[0] if raw else MISSING for raw in self.raw]
        assert core.raw_ms[bed].tolist() == [raw[1] if raw else NEVER for raw in self.raw]
        verdicts = VERDICTS[core.reason[bed]].tolist()
        assert verdicts == [raw[2] if raw else Verdict.ABSENT for raw in self.raw]
        assert core.baseline_centi[bed].tolist() == self.base
        assert core.window.refused[bed].tolist() == [one.refused for one in self.windows]
        assert core.at_ms[bed] == self.at_ms
        recent = core.history.rows(np.array([bed], np.int32))
        for c, channel in enumerate(self.history):
            kept = [value for value, _ in channel.recent()]
            nothing = [MISSING] * (HISTORY_DEPTH - len(kept))
            assert recent.value_centi[0, c].tolist() == nothing + kept
        assert core.shown[bed].tolist() == [self.shown[sign] for sign in signs]
        assert core.track.grade[bed].tolist() == [self.signs[sign].grade for sign in signs]
        assert core.pattern[bed] == self.pattern
        assert core.floor[bed] == self.floor
        assert core.grade_of(np.array([bed], np.int32))[0] == self.grade()
