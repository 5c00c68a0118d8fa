"""The peer: the same decisions in plain Python, one object a bed, as one would write it well.

Integers in hundredths, rules sorted by sign and grade so that the first one that holds ends the
search, only the signs of channels that were read, hysteresis only where a sign is up, patterns
only where a sign is. With ``is_quick`` a bed also knows, from its baseline, between which values
nothing can hold, and then looks no further. It takes the same messages as
:class:`detectors.detection.Detection` and must come to the same grades;
:func:`benchmarks.agreement.differences` says where it does not.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.plain_pictures import Facts, PlainMemory, with_newest
from benchmarks.plain_signs import Sign
from benchmarks.plain_tables import PlainClause, PlainRule, SignRules, Tables
from detectors.ages import OLDEST_INFANT_CENTI
from detectors.baseline import BASELINE_DEPTH
from detectors.channels import N_CHANNELS, Channel, Flag
from detectors.context import N_FLAGS, ContextFlag
from detectors.history import HISTORY_DEPTH
from detectors.patterns import NO_PATTERN

Reading = tuple[int, int, int, int]
"""Channel, hundredths, measured time, flags."""

SBP: Final = int(Channel.SBP)
DBP: Final = int(Channel.DBP)
MAP: Final = int(Channel.MAP)
ORDINARY: Final = 1
DOUBTFUL: Final = 2
REFUSED: Final = 3

WIDEST: Final = -(10**9), 10**9
"""A range in which everything lies."""


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
        self.signs = [Sign() for _ in range(tables.n_signs)]
        self.charted = [0] * tables.n_signs
        self.is_busy = False
        self.rate_step_ms: int | None = None
        self.rate_cut_ms: int | None = None
        self.opened_ms: int | None = None
        self.restless = [0] * N_CHANNELS
        self.flags = [False] * N_FLAGS
        self.memory = PlainMemory(tables.n_signs)
        self.recent: list[list[tuple[int, int]]] = [[] for _ in range(N_CHANNELS)]
        self.floor = 0
        self.age_centi: int | None = None
        self.counts = [0] * N_CHANNELS
        self.doubt = [0] * N_CHANNELS
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
            self._remember(channel, value, at_ms)
            self.at_ms = max(self.at_ms, at_ms)
            new.append(channel)
        if self.is_taking_baseline and new:
            self._learn(new)
        self.judge(new)

    def _remember(self, channel: int, value: int, at_ms: int) -> None:
        kept = self.recent[channel]
        if not kept or at_ms - kept[-1][0] >= self.tables.history_spacing_ms[channel]:
            kept.append((at_ms, value))
            del kept[:-HISTORY_DEPTH]

    def judge(self, new: Sequence[int]) -> None:
        """Judge the signs of the channels that were read, and the picture they make."""
        if not self.is_judging:
            self.pattern = NO_PATTERN
            return
        if self.is_quick and not self.is_busy and self._is_quiet(new):
            return
        tables, signs = self.tables, self.signs
        fresh = sorted({sign for channel in new for sign in tables.signs_of[channel]})
        for index in fresh:
            signs[index].shown = self._highest(tables.signs[index])
        for index in fresh:
            sign, rules = signs[index], tables.signs[index]
            if not sign.shown and not sign.grade and sign.above[0].since_ms is None:
                continue
            sign.read(
                rules,
                max(self.value_ms[c] for c in rules.channels if self.value[c] is not None),
                shown=sign.shown,
                stays=self._highest_held(rules),
                at_once=sign.shown > sign.grade and self._is_sure(index, fresh),
            )
        self._find_pattern()

    def chart(self, charted: Sequence[int], at_ms: int) -> None:
        """Judge again after people have charted symptoms, by sign."""
        self.charted = list(charted)
        self.at_ms = max(self.at_ms, at_ms)
        self.judge(())

    def withdraw(self, channel: int) -> None:
        """Forget what a channel alone has shown and nobody confirmed."""
        for sign, rules in zip(self.signs, self.tables.signs, strict=True):
            if rules.channels == (channel,) and sign.shown > sign.grade:
                sign.shown = sign.grade
                for above in sign.above[sign.grade :]:
                    above.end()

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
        if any(self.charted[sign] for sign in self.tables.disturbing):
            return
        for channel in new:
            value = self.value[channel]
            at_ms, last_ms = self.value_ms[channel], self.taken_ms[channel]
            if value is None or self.is_doubted[channel]:
                continue
            if last_ms is not None and at_ms - last_ms < self.tables.spacing_ms[channel]:
                continue
            self.taken_ms[channel] = at_ms
            count = self.counts[channel] = self.counts[channel] + 1
            is_sure = count > self.tables.least_readings
            self.doubt[channel] = 0 if is_sure else self.tables.doubt_centi[channel]
            if self.opened_ms is not None and at_ms - self.opened_ms < self.tables.rest_ms:
                self.restless[channel] += 1
            window = self.window[channel]
            window.append(value)
            del window[:-BASELINE_DEPTH]
            self.base[channel] = self._centre(channel)
        self._find_quiet()

    def _centre(self, channel: int) -> int:
        """Return the median of the readings that count: not the first, nor those without rest."""
        window, count = self.window[channel], self.counts[channel]
        left_out = 1 if count > 1 else 0
        if count - self.restless[channel] >= self.tables.least_readings:
            left_out = max(left_out, self.restless[channel])
        ordered = sorted(window[max(0, left_out - (count - len(window))) :])
        half = len(ordered) // 2
        lower = ordered[half if len(ordered) % 2 else half - 1]
        return (lower + ordered[half]) // 2

    # ------------------------------------------------------------------ rules

    def _highest(self, sign: SignRules) -> int:
        """Return the highest grade whose limits are reached by values young enough."""
        for rule in sign.rules:
            if self._holds(rule):
                return rule.grade
        return 0

    def _highest_held(self, sign: SignRules) -> int:
        """Return the highest grade that the hysteresis holds, whatever the age of the values."""
        for rule in sign.rules:
            if self._holds(rule, is_held=True):
                return rule.grade
        return 0

    def _holds(self, rule: PlainRule, *, is_held: bool = False) -> bool:
        if not self._is_meant(rule):
            return False
        for clause in rule.clauses:
            form = self._form(clause, is_held=is_held)
            if form is None or form < (clause.held if is_held else clause.threshold):
                return False
        return True

    def _form(self, clause: PlainClause, *, is_held: bool) -> int | None:
        """Return what a clause compares, or None while something that it needs is not known."""
        form = 0
        for channel, weight in clause.values:
            value = self.value[channel]
            if value is None:
                return None
            if not is_held:
                age_ms = self.at_ms - self.value_ms[channel]
                if age_ms > self.tables.valid_ms[channel]:
                    return None
            form += weight * value
        for channel, weight in clause.bases:
            base = self.base[channel]
            if base is None:
                return None
            form += weight * base - abs(weight) * self.doubt[channel]
        if clause.per_year:
            if self.age_centi is None:
                return None
            form += clause.per_year * self.age_centi
        return form

    def _is_sure(self, index: int, fresh: Sequence[int]) -> bool:
        """Return whether a reading of a sign needs no repeat."""
        tables = self.tables
        rules = tables.signs[index]
        is_sound = not any(self.is_doubted[channel] for channel in rules.channels)
        is_extreme = is_sound and any(self._holds(rule) for rule in rules.bypass)
        if is_extreme and (self.signs[index].grade or not self._is_alone(rules)):
            return True
        for other, sign in enumerate(tables.signs):
            if sign.group == rules.group:
                continue
            if self.charted[other]:
                return True
            if self.signs[other].shown < tables.corroborating:
                continue
            # A sign that was not read now counts with what its values show now.
            if other in fresh or self._highest(sign) >= tables.corroborating:
                return True
        return False

    def _is_alone(self, sign: SignRules) -> bool:
        """Return whether it is known that nothing answers an extreme."""
        if self.flags[ContextFlag.BETA_BLOCKER]:
            return False
        within_ms = self.tables.alone_within_ms
        return any(
            self._holds(rule)
            and all(
                self.at_ms - self.value_ms[channel] <= within_ms
                for clause in rule.clauses
                for channel, _ in clause.values
            )
            for rule in sign.alone
        )

    # ------------------------------------------------------------------ pattern

    def grades(self) -> list[int]:
        """Return the grade of every sign, confirmed or charted."""
        pairs = zip(self.signs, self.charted, strict=True)
        return [max(sign.grade, charted) for sign, charted in pairs]

    def grade(self) -> int:
        """Return the grade of the bed."""
        return max(*self.grades(), self.floor)

    def _find_pattern(self) -> None:
        grades = self.grades()
        self.is_busy = any(grades) or any(sign.shown for sign in self.signs)
        if not any(grades) and not any(self.memory.present):
            self.pattern, self.floor = NO_PATTERN, 0
            return
        valid = [
            value if self.at_ms - at_ms <= valid_ms else None
            for value, at_ms, valid_ms in zip(
                self.value, self.value_ms, self.tables.valid_ms, strict=True
            )
        ]
        facts = Facts(
            grades=grades,
            since_ms=[sign.above[0].since_ms for sign in self.signs],
            at_ms=self.at_ms,
            step_ms=self.rate_step_ms,
            cut_ms=self.rate_cut_ms,
            flags=self.flags,
            value=valid,
            base=self.base,
            age_centi=self.age_centi,
            recent=[
                with_newest(kept, value, at_ms)
                for kept, value, at_ms in zip(self.recent, self.value, self.value_ms, strict=True)
            ],
        )
        self.pattern, self.floor = self.tables.pictures.look(self.memory, facts, self.pattern)

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

    def take_age(self, age_centi: int | None) -> None:
        """Take the age; None where it is not known, 0 for an infant of unknown months."""
        self.age_centi = OLDEST_INFANT_CENTI if age_centi == 0 else age_centi
        self._find_quiet()

    def _is_meant(self, rule: PlainRule) -> bool:
        """Return whether a rule speaks of this age, and no baseline has made it needless."""
        is_idle = rule.unless >= 0 and self.base[rule.unless] is not None
        return rule.speaks_of(self.age_centi) and not is_idle

    def _find_quiet(self) -> None:
        """Find between which values of each channel no rule can hold.

        Rules that compare channels with each other have no such range: a channel that one of
        them reads is looked at always.
        """
        quiet = [WIDEST] * N_CHANNELS
        for sign in self.tables.signs:
            for rule in sign.rules:
                clause = rule.clauses[0]
                if not self._is_meant(rule):
                    continue
                if len(clause.values) > 1 or clause.per_year:
                    for channel, _ in clause.values:
                        quiet[channel] = 0, 0
                    continue
                bases = [self.base[channel] for channel, _ in clause.bases]
                if None in bases:
                    continue
                rest = clause.threshold
                for (_, weight), base in zip(clause.bases, bases, strict=True):
                    rest -= weight * (base or 0)
                channel, weight = clause.values[0]
                low, high = quiet[channel]
                if weight > 0:
                    quiet[channel] = low, min(high, -(-rest // weight))
                else:
                    quiet[channel] = max(low, (-rest) // -weight), high
        self.quiet = quiet
