"""The peer: the same decisions in plain Python, one object a bed, as one would write it well.

Integers in hundredths, lists instead of dictionaries in the inner loops, rules sorted by sign
and grade so that the first one that holds ends the search, only the signs of channels that were
read, hysteresis only where a sign is up, patterns only where a sign is. With ``is_quick`` a bed
also knows, from its baseline, between which values nothing can hold, and then looks no further.
It takes the same messages as :class:`detectors.detection.Detection` and must come to the same
grades; :func:`differences` says where it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detectors.baseline import BASELINE_DEPTH
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel, Flag
from detectors.confirmation import GRADES, LEAST_READINGS
from detectors.detection import Detection, DetectionParams
from detectors.patterns import NO_PATTERN
from detectors.rulebook import Rule, linear_form

Reading = tuple[int, int, int, int]
"""Channel, hundredths, measured time, flags."""

Clause = tuple[int, int, int, int, int]
"""Channel, weight of the value, weight of the baseline, threshold, threshold when held."""

SBP: Final = int(Channel.SBP)
DBP: Final = int(Channel.DBP)
MAP: Final = int(Channel.MAP)
ORDINARY: Final = 1
DOUBTFUL: Final = 2
REFUSED: Final = 3


@dataclass(slots=True)
class SignRules:
    """One sign: its graded rules from the worst down, and everything else that decides it."""

    rules: list[tuple[int, list[Clause]]]
    bypass: list[list[Clause]]
    channels: list[int]
    persist_ms: int
    clear_ms: int
    group: int


class Tables:
    """The parameters as lists of plain numbers."""

    def __init__(self, params: DetectionParams) -> None:
        self.slack = params.hysteresis_centi.tolist()
        self.n_signs = len(params.signs)
        limits = params.limits
        self.impossible = _pairs(limits.impossible_below, limits.impossible_above)
        self.suspicious = _pairs(limits.suspicious_below, limits.suspicious_above)
        self.change = _pairs(limits.change_centi, limits.change_ms)
        self.narrow = [
            (row.sbp_from_centi, row.sbp_below_centi, row.least_centi)
            for row in params.pulse_pressure
        ]
        self.spacing_ms = params.baseline.spacing_ms.tolist()
        self.valid_ms = params.valid_ms.tolist()
        self.corroborating = params.corroborating_grade
        self.signs = [self._sign(params, index) for index in range(self.n_signs)]
        self.signs_of = [
            [i for i, sign in enumerate(self.signs) if channel in sign.channels]
            for channel in range(N_CHANNELS)
        ]
        self.floors = [row.floor for row in params.patterns]
        self.patterns = [
            (
                [(params.signs.index(sign), least) for sign, least in row.every],
                [(params.signs.index(sign), least) for sign, least in row.some],
                [(params.signs.index(sign), least) for sign, least in row.none],
                row.lasting_ms,
                row.after_rate_step_ms,
            )
            for row in params.patterns
        ]

    def _sign(self, params: DetectionParams, index: int) -> SignRules:
        name = params.signs[index]
        rules = sorted((r for r in params.book.rules if r.sign == name), key=lambda r: -r.grade)
        return SignRules(
            rules=[(rule.grade, self._clauses(rule)) for rule in rules],
            bypass=[self._clauses(rule) for rule in params.bypass if rule.sign == name],
            channels=sorted({int(clause.channel) for rule in rules for clause in rule.clauses}),
            persist_ms=int(params.confirmation.persist_ms[index]),
            clear_ms=int(params.confirmation.clear_ms[index]),
            group=int(params.group[index]),
        )

    def _clauses(self, rule: Rule) -> list[Clause]:
        clauses = []
        for clause in rule.clauses:
            form, threshold = linear_form(clause)
            channel = int(clause.channel)
            weight, base_weight = form[channel], form[N_CHANNELS + channel]
            held = threshold - abs(weight) * self.slack[channel]
            clauses.append((channel, weight, base_weight, threshold, held))
        return clauses


def _pairs(low: Sequence[int], high: Sequence[int]) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]


class Sign:
    """What is remembered of one sign of one bed."""

    __slots__ = ("clear_readings", "clear_since_ms", "grade", "readings", "shown", "since_ms")

    def __init__(self) -> None:
        self.grade = 0
        self.shown = 0
        self.since_ms: list[int | None] = [None] * GRADES
        self.readings = [0] * GRADES
        self.clear_since_ms: int | None = None
        self.clear_readings = 0

    def read(
        self, rules: SignRules, at_ms: int, *, shown: int, stays: int, at_once: bool
    ) -> None:
        """Take one reading of the sign."""
        since_ms, readings = self.since_ms, self.readings
        for level in range(GRADES):
            if level >= shown:
                since_ms[level] = None
                readings[level] = 0
                continue
            begun_ms = since_ms[level]
            if begun_ms is None:
                begun_ms = since_ms[level] = at_ms
            if readings[level] < LEAST_READINGS:
                readings[level] += 1
            lasted = readings[level] >= LEAST_READINGS and at_ms - begun_ms >= rules.persist_ms
            if (at_once or lasted) and level >= self.grade:
                self.grade = level + 1
        if stays >= self.grade:
            self.clear_since_ms = None
            self.clear_readings = 0
            return
        if self.clear_since_ms is None:
            self.clear_since_ms = at_ms
        if self.clear_readings < LEAST_READINGS:
            self.clear_readings += 1
        if self.clear_readings >= LEAST_READINGS and at_ms - self.clear_since_ms >= rules.clear_ms:
            self.grade = stays
            self.clear_since_ms = None
            self.clear_readings = 0


class PlainBed:
    """One bed: everything that detection knows about it."""

    def __init__(self, tables: Tables, *, is_quick: bool = False) -> None:
        self.tables = tables
        self.is_quick = is_quick
        self.is_taking_baseline = False
        self.is_judging = False
        self.value: list[int | None] = [None] * N_CHANNELS
        self.value_ms = [0] * N_CHANNELS
        self.is_doubted = [False] * N_CHANNELS
        self.base: list[int | None] = [None] * N_CHANNELS
        self.window: list[list[int]] = [[] for _ in range(N_CHANNELS)]
        self.taken_ms: list[int | None] = [None] * N_CHANNELS
        self.is_first_left_out = [False] * N_CHANNELS
        self.signs = [Sign() for _ in range(tables.n_signs)]
        self.charted = [0] * tables.n_signs
        self.is_busy = False
        self.rate_step_ms: int | None = None
        self.pattern = NO_PATTERN
        self.at_ms = 0
        self.quiet: list[tuple[int, int]] = []
        self._find_quiet()

    # ------------------------------------------------------------------ one message

    def take(self, message: Sequence[Reading]) -> None:
        """Take one message: believe, learn, judge."""
        new = []
        verdicts = self._verdicts(message)
        for (channel, value, at_ms, _), verdict in zip(message, verdicts, strict=True):
            if verdict == REFUSED:
                continue
            if self.value[channel] is not None and at_ms <= self.value_ms[channel]:
                continue
            self.value[channel] = value
            self.value_ms[channel] = at_ms
            self.is_doubted[channel] = verdict == DOUBTFUL
            self.at_ms = max(self.at_ms, at_ms)
            new.append(channel)
        if self.is_taking_baseline and new:
            self._learn(new)
        self.judge(new)

    def judge(self, new: Sequence[int]) -> None:
        """Judge the signs of the channels that were read, and the picture they make."""
        if not self.is_judging:
            self.pattern = NO_PATTERN
            return
        if self.is_quick and not self.is_busy and self._is_quiet(new):
            return
        tables = self.tables
        fresh = sorted({sign for channel in new for sign in tables.signs_of[channel]})
        shown = {index: self._highest(tables.signs[index].rules, 3) for index in fresh}
        for index in fresh:
            sign, rules = self.signs[index], tables.signs[index]
            highest = sign.shown = shown[index]
            if not highest and not sign.grade and sign.since_ms[0] is None:
                continue
            sign.read(
                rules,
                max(self.value_ms[c] for c in rules.channels if self.value[c] is not None),
                shown=highest,
                stays=self._highest(rules.rules, 4) if sign.grade or highest else 0,
                at_once=highest > sign.grade and self._is_sure(index, shown),
            )
        self._find_pattern()

    # ------------------------------------------------------------------ quality

    def _verdicts(self, message: Sequence[Reading]) -> list[int]:
        tables = self.tables
        verdicts = []
        pressures: dict[int, int] = {}
        is_void = False
        for channel, value, at_ms, flags in message:
            low, high = tables.impossible[channel]
            if value < low or value > high:
                verdicts.append(REFUSED)
                is_void |= SBP <= channel <= MAP
            else:
                verdicts.append(self._doubts(channel, value, at_ms, flags))
            if SBP <= channel <= MAP:
                pressures[channel] = value
        if not pressures:
            return verdicts
        sbp, dbp = pressures.get(SBP), pressures.get(DBP)
        mean = pressures.get(MAP)
        if sbp is not None and dbp is not None:
            is_void |= sbp <= dbp or (mean is not None and not dbp <= mean <= sbp)
        is_narrow = sbp is not None and dbp is not None and self._is_narrow(sbp, dbp)
        for place, (channel, _, _, _) in enumerate(message):
            if SBP <= channel <= MAP:
                if is_void:
                    verdicts[place] = REFUSED
                elif is_narrow:
                    verdicts[place] = max(verdicts[place], DOUBTFUL)
        return verdicts

    def _doubts(self, channel: int, value: int, at_ms: int, flags: int) -> int:
        low, high = self.tables.suspicious[channel]
        if value < low or value > high or flags & Flag.QUESTIONABLE.value:
            return DOUBTFUL
        before = self.value[channel]
        if before is None:
            return ORDINARY
        change, within_ms = self.tables.change[channel]
        is_jump = at_ms - self.value_ms[channel] < within_ms and abs(value - before) > change
        return DOUBTFUL if is_jump else ORDINARY

    def _is_narrow(self, sbp: int, dbp: int) -> bool:
        return any(
            sbp_from <= sbp < below and sbp - dbp < least
            for sbp_from, below, least in self.tables.narrow
        )

    # ------------------------------------------------------------------ baseline

    def _learn(self, new: Sequence[int]) -> None:
        for channel in new:
            value = self.value[channel]
            at_ms, last_ms = self.value_ms[channel], self.taken_ms[channel]
            if value is None:
                continue
            if last_ms is not None and at_ms - last_ms < self.tables.spacing_ms[channel]:
                continue
            self.taken_ms[channel] = at_ms
            window = self.window[channel]
            if len(window) == 1 and not self.is_first_left_out[channel]:
                self.is_first_left_out[channel] = True
                window.clear()
            window.append(value)
            del window[:-BASELINE_DEPTH]
            ordered = sorted(window)
            half = len(ordered) // 2
            lower = ordered[half if len(ordered) % 2 else half - 1]
            self.base[channel] = (lower + ordered[half]) // 2
        self._find_quiet()

    # ------------------------------------------------------------------ rules

    def _highest(self, rules: Sequence[tuple[int, list[Clause]]], threshold: int) -> int:
        """Return the highest grade that holds; 3 asks for the limits, 4 for the held ones."""
        for grade, clauses in rules:
            if self._holds(clauses, threshold):
                return grade
        return 0

    def _holds(self, clauses: Sequence[Clause], threshold: int) -> bool:
        for clause in clauses:
            channel, weight, base_weight = clause[0], clause[1], clause[2]
            value = self.value[channel]
            if value is None:
                return False
            form = weight * value
            if base_weight:
                base = self.base[channel]
                if base is None:
                    return False
                form += base_weight * base
            if form < clause[threshold]:
                return False
            if self.at_ms - self.value_ms[channel] > self.tables.valid_ms[channel]:
                return False
        return True

    def _is_sure(self, index: int, shown: dict[int, int]) -> bool:
        """Return whether a reading of a sign needs no repeat."""
        tables = self.tables
        rules = tables.signs[index]
        if not any(self.is_doubted[channel] for channel in rules.channels) and any(
            self._holds(clauses, 3) for clauses in rules.bypass
        ):
            return True
        for other, sign in enumerate(tables.signs):
            if sign.group == rules.group:
                continue
            if self.charted[other]:
                return True
            grade = shown[other] if other in shown else self._highest(sign.rules, 3)
            if grade >= tables.corroborating:
                return True
        return False

    # ------------------------------------------------------------------ pattern

    def grades(self) -> list[int]:
        """Return the grade of every sign, confirmed or charted."""
        pairs = zip(self.signs, self.charted, strict=True)
        return [max(sign.grade, charted) for sign, charted in pairs]

    def grade(self) -> int:
        """Return the grade of the bed."""
        floor = self.tables.floors[self.pattern] if self.pattern != NO_PATTERN else 0
        return max(*self.grades(), floor)

    def _find_pattern(self) -> None:
        grades = self.grades()
        self.pattern = NO_PATTERN
        self.is_busy = any(grades) or any(sign.shown for sign in self.signs)
        if not any(grades):
            return
        for number, row in enumerate(self.tables.patterns):
            if self._matches(grades, *row):
                self.pattern = number
                return

    def _matches(
        self,
        grades: list[int],
        every: list[tuple[int, int]],
        some: list[tuple[int, int]],
        none: list[tuple[int, int]],
        lasting_ms: int,
        after_rate_step_ms: int,
    ) -> bool:
        for sign, least in every:
            if grades[sign] < least:
                return False
        if some and not any(grades[sign] >= least for sign, least in some):
            return False
        if any(grades[sign] >= least for sign, least in none):
            return False
        if lasting_ms:
            begun_ms = self.signs[(every or some)[0][0]].since_ms[0]
            if begun_ms is None or self.at_ms - begun_ms < lasting_ms:
                return False
        if not after_rate_step_ms:
            return True
        step_ms = self.rate_step_ms
        return step_ms is not None and self.at_ms - step_ms <= after_rate_step_ms

    # ------------------------------------------------------------------ the quick way

    def _is_quiet(self, new: Sequence[int]) -> bool:
        if any(self.charted):
            return False
        for channel in new:
            value = self.value[channel]
            low, high = self.quiet[channel]
            if value is None or not low < value < high:
                return False
        return True

    def _find_quiet(self) -> None:
        """Find between which values of each channel no rule can hold."""
        quiet = [(-(10**9), 10**9)] * N_CHANNELS
        for sign in self.tables.signs:
            for _, clauses in sign.rules:
                channel, weight, base_weight, threshold, _ = clauses[0]
                base = self.base[channel]
                if base_weight and base is None:
                    continue
                rest = threshold - base_weight * (base or 0)
                low, high = quiet[channel]
                if weight > 0:
                    quiet[channel] = low, min(high, -(-rest // weight))
                else:
                    quiet[channel] = max(low, (-rest) // -weight), high
        self.quiet = quiet


def differences(detection: Detection, beds: Sequence[PlainBed]) -> list[str]:
    """Return where plain beds and the core disagree, in words; nothing if nowhere."""
    found = []
    for row, bed in enumerate(beds):
        value = [MISSING if one is None else one for one in bed.value]
        at_ms = [
            NEVER if one is None else ms for one, ms in zip(bed.value, bed.value_ms, strict=True)
        ]
        pairs = {
            "values": (value, detection.value_centi[row].tolist()),
            "times": (at_ms, detection.measured_ms[row].tolist()),
            "baseline": (
                [MISSING if one is None else one for one in bed.base],
                detection.baseline_centi[row].tolist(),
            ),
            "grades": (
                [sign.grade for sign in bed.signs],
                detection.track.grade[row].tolist(),
            ),
            "shown": ([sign.shown for sign in bed.signs], detection.shown[row].tolist()),
            "pattern": (bed.pattern, int(detection.pattern[row])),
        }
        found += [
            f"bed {row}: {name} {plain} in plain Python, {core} in the core"
            for name, (plain, core) in pairs.items()
            if plain != core
        ]
    return found
