"""Reactions of the simulator without a nurse, and with one deed, beside what is published.

Every case stands on a body that does not move by itself. Onset, furthest point, time to it and
order are those of a case that nobody treats; recovery is that of the same case with one deed: a
pump that is stopped or slowed, a person who lies flat.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from scripts.published_reactions import PUBLISHED, SKIN_SIGNS, STILL
from scripts.report_rows import Published, Row, middle, row_of
from simulators.cases import drawn_picture, driven, onset_s
from simulators.chairs import generator
from simulators.cohorts import DEFAULT_MIX
from simulators.infusion import ML_PER_G, Move, Rung, rate_course, rungs
from simulators.overloads import PHENOTYPES
from simulators.physiology import Course, Person, bodily, person
from simulators.reactions import Given, Limb, Picture, reacting_course

START_S: Final = 600
DOSE_G_PER_KG: Final = 0.6
MINUTE_S: Final = 60.0
HOUR_MIN: Final = 60.0
AFTER_S: Final = 3 * 3600

THERE: Final = 0.99
"""A channel is at its extreme when it is at so much of it."""

LEFT: Final = 0.1
"""It has recovered when no more of it is left, as the simulator takes a reaction to be over."""

SEEN_CEL: Final = 0.05
"""A temperature that has moved by so much has begun to move, and so any other channel."""

DEEDS: Final[dict[str, tuple[str, int]]] = {
    "hypotensive": ("stop", 600),
    "infusion-flush": ("stop", 300),
    "rate-related": ("slow", 1200),
    "vasovagal": ("lie-flat", 120),
    "anaphylaxis": ("lie-flat", 300),
    "anaphylaxis-no-skin": ("lie-flat", 300),
    "anaphylaxis-beta-blocked": ("lie-flat", 300),
}
"""What is done, and how long after the onset [s]: when it is at its height or nearly so."""

LYING_S: Final = 600
"""How long somebody lies flat before it is said whether it helped."""

_UNITS: Final = {
    "hr": "/min", "sbp": "mmHg", "dbp": "mmHg", "temp": "°C", "spo2": "%", "rr": "/min",
    "pulse pressure": "mmHg", "onset": "min", "sbp%": "%", "dbp%": "%", "map%": "%",
}  # fmt: skip


def still_body(who: Person, seconds: int) -> Course:
    """Return somebody of whom nothing moves by itself."""
    still = np.empty((len(Channel), seconds))
    for channel, level in (
        (Channel.HR, who.hr_per_min),
        (Channel.SBP, who.sbp_mmhg),
        (Channel.DBP, who.dbp_mmhg),
        (Channel.TEMP, who.temp_cel),
        (Channel.SPO2, who.spo2_percent),
        (Channel.RR, who.rr_per_min),
        (Channel.MAP, 0.0),
    ):
        still[channel] = level
    return Course(values=bodily(still))


@dataclass(frozen=True, kw_only=True)
class ReportedCase:
    """One case of a phenotype, as it goes without anybody and with one deed."""

    name: str
    who: Person
    begins_s: int
    picture: Picture
    seed: int
    number: int

    @property
    def seconds(self) -> int:
        """Return how long it is looked at [s of the session]."""
        return self.begins_s + AFTER_S

    @cached_property
    def resting(self) -> Course:
        """Return the body without the reaction."""
        return still_body(self.who, self.seconds)

    @cached_property
    def moved(self) -> Float:
        """Return how far each channel has moved, untreated, shape (channel, second of it)."""
        return self._course(rungs(START_S, (), volume_ml_per_kg=_VOLUME), ())

    def treated(self) -> Float:
        """Return the same with the deed of its kind."""
        verb, after_s = DEEDS[self.name]
        at_s = self.begins_s + after_s
        if verb == "lie-flat":
            planned = rungs(START_S, (), volume_ml_per_kg=_VOLUME)
            return self._course(planned, (Given(at_s=at_s, remedy="lie-flat"),))
        before = rungs(START_S, (), volume_ml_per_kg=_VOLUME)
        tolerated = rate_course(before, self.seconds)[self.begins_s - 1]
        move = (
            Move(at_s=at_s, verb="stop")
            if verb == "stop"
            else Move(at_s=at_s, verb="slow", rate_ml_per_kg_h=float(tolerated))
        )
        return self._course(rungs(START_S, (move,), volume_ml_per_kg=_VOLUME), ())

    def _course(self, staircase: tuple[Rung, ...], given: tuple[Given, ...]) -> Float:
        course = reacting_course(
            self.resting,
            self.picture,
            onset_s=self.begins_s,
            rate_ml_per_kg_h=rate_course(staircase, self.seconds),
            # The same person reacts as strongly with the deed as without.
            rng=generator(self.seed, f"{self.name}-{self.number}", "strength"),
            given=given,
        )
        return np.asarray((course.values - self.resting.values)[:, self.begins_s :])


_VOLUME: Final = DOSE_G_PER_KG * ML_PER_G


def reported_case(name: str, seed: int, number: int) -> ReportedCase:
    """Draw one case of a phenotype."""
    rng = generator(seed, f"{name}-{number}", "report")
    kind, who = PHENOTYPES[name], person(rng)
    begins_s = onset_s(kind, rng, start_s=START_S, dose_g_per_kg=DOSE_G_PER_KG)
    end_s = rungs(START_S, (), volume_ml_per_kg=_VOLUME)[-1].at_s
    picture = driven(drawn_picture(kind, rng), begins_s, end_s)
    return ReportedCase(
        name=name, who=who, begins_s=begins_s, picture=picture, seed=seed, number=number
    )


def reaction_rows(cases: int, seed: int) -> Iterator[Row]:
    """Yield, for every phenotype, what its cases do beside what is published of it."""
    for name in PHENOTYPES:
        every = [reported_case(name, seed, number) for number in range(cases)]
        found = [_measured(one) for one in every]
        for key, published in PUBLISHED[name].items():
            yield _row(name, key, published, [one[key] for one in found if key in one])
    yield middle(
        "anaphylaxis of the default mix: with skin signs", SKIN_SIGNS,
        _with_skin(cases, seed), "% of cases", "engineering",
    )  # fmt: skip


def _row(name: str, key: str, published: Published, values: list[float]) -> Row:
    channel = key.rsplit(": ", 1)[-1] if key.startswith("minutes") else key
    unit = "min" if key.startswith("minutes") else _unit(channel)
    if key in _SHARES:
        share = 100.0 * float(np.mean(values))
        if published.is_single:
            return row_of(f"{name}: {key}", published, [share], "% of cases")
        return middle(
            f"{name}: {key}", published.limits, share, "% of cases", published.source
        )  # fmt: skip
    if key.startswith("channels"):
        most = float(max(values))
        return middle(f"{name}: {key}", published.limits, most, "", published.source)
    return row_of(f"{name}: {key}", published, values, unit)


def _unit(key: str) -> str:
    if key in _UNITS:
        return _UNITS[key]
    if key.startswith("left"):
        return "%"
    if key.startswith("°C"):
        return "°C/min"
    first = key.removeprefix("lowest ").split(" ", 1)[0]
    return _UNITS.get(first, "")


_SHARES: Final = frozenset({
    "onset within 5 min", "onset within 15 min", "onset within 60 min",
    "hr slower than at rest later", "dbp falls before sbp", "pulse pressure wider at first",
    "pulse pressure narrower later", "hr rises before temp", "rr rises first",
    "recovered within 1 h of stopping",
})  # fmt: skip


def furthest(moved: Float) -> float:
    """Return how far a channel went, with its sign; shape (second,)."""
    return float(moved[int(np.abs(moved).argmax())])


def minutes_to(moved: Float, share: float) -> float:
    """Return after how many minutes a channel was first at this share of its furthest point."""
    goal = share * abs(furthest(moved))
    return float(np.argmax(np.abs(moved) >= goal)) / MINUTE_S


def minutes_from(moved: Float, at_s: int, *, of: float) -> float:
    """Return the minutes from a second until no more than a tenth of ``of`` is left, or to the end.

    ``moved`` has the shape (second,).
    """
    over = np.abs(moved[at_s:]) <= LEFT * abs(of) + 1e-6
    return float(np.argmax(over) if over.any() else len(over)) / MINUTE_S


def _measured(case: ReportedCase) -> dict[str, float]:
    moved, who = case.moved, case.who
    onset_min = (case.begins_s - START_S) / MINUTE_S
    found = {channel.name.lower(): furthest(moved[channel]) for channel in Channel}
    found |= {
        f"minutes to the extreme: {channel.name.lower()}": minutes_to(moved[channel], THERE)
        for channel in Channel
        if abs(furthest(moved[channel])) > SEEN_CEL
    }
    found |= {f"onset within {limit} min": float(onset_min <= limit) for limit in (5, 15, 60)}
    found["onset"] = onset_min
    found["sbp%"] = 100.0 * found["sbp"] / who.sbp_mmhg
    found["dbp%"] = 100.0 * found["dbp"] / who.dbp_mmhg
    found["lowest sbp"] = who.sbp_mmhg + float(moved[Channel.SBP].min())
    found["lowest spo2"] = who.spo2_percent + float(moved[Channel.SPO2].min())
    found["pulse pressure"] = furthest(moved[Channel.SBP] - moved[Channel.DBP])
    found["channels that move and should not"] = float(
        sum(abs(found[key]) > SEEN_CEL for key in STILL.get(case.name, ()))
    )
    found["rr rises first"] = float(
        all(
            minutes_to(moved[Channel.RR], 0.5) < minutes_to(moved[other], 0.5)
            for other in (Channel.SBP, Channel.HR, Channel.SPO2)
        )
    )
    if case.name.startswith("anaphylaxis"):
        found |= _shock(case)
    if case.name == "febrile":
        found |= _fever(case)
    if case.name in DEEDS:
        found |= _recovery(case)
    return found


def _shock(case: ReportedCase) -> dict[str, float]:
    moved, who = case.moved, case.who
    mean = who.dbp_mmhg + (who.sbp_mmhg - who.dbp_mmhg) / 3.0
    wider = moved[Channel.SBP] - moved[Channel.DBP]
    worst_s = int(moved[Channel.SBP].argmin())
    return {
        "hr at first": float(moved[Channel.HR, :600].max()),
        "hr slower than at rest later": float(moved[Channel.HR].min() < -1.0),
        "map% after 5 min": 100.0 * float(moved[Channel.MAP, 300]) / mean,
        "dbp falls before sbp": float(
            minutes_to(moved[Channel.DBP], 0.5) < minutes_to(moved[Channel.SBP], 0.5)
        ),
        "pulse pressure wider at first": float(wider[:worst_s].max(initial=0.0) > 1.0),
        "pulse pressure narrower later": float(wider[worst_s] < -1.0),
    }


def _fever(case: ReportedCase) -> dict[str, float]:
    moved = case.moved
    rigor = next(one for one in case.picture.limbs if one.channel == Channel.HR)
    end_s = int(rigor.until_s)
    temp = moved[Channel.TEMP]
    begun_s = int(np.argmax(temp > SEEN_CEL))
    top_min = minutes_to(temp, THERE)
    alone = _fever_alone(case)
    return {
        "sbp in the rigor": float(moved[Channel.SBP, :end_s].max()),
        "sbp after the rigor": float(moved[Channel.SBP, end_s:].min()),
        "minutes of rigor": end_s / MINUTE_S,
        "minutes from rigor to fever": begun_s / MINUTE_S,
        "°C a minute of the rise": (THERE * furthest(temp) - SEEN_CEL)
        / (top_min - begun_s / MINUTE_S),
        "minutes from the end of the rigor to the highest temperature": top_min
        - end_s / MINUTE_S,
        "hr rises before temp": float(minutes_to(moved[Channel.HR], 0.3) < minutes_to(temp, 0.3)),
        "hr for each °C of fever alone": alone[0],
        "rr for each °C of fever alone": alone[1],
    }  # fmt: skip


def _fever_alone(case: ReportedCase) -> tuple[float, float]:
    """Return by how much pulse and breathing rise a degree where nothing but the fever moves."""
    limb = Limb(channel=Channel.TEMP, extreme=1.5, rise_s=60.0, fall_s=60.0)
    hot = reacting_course(
        still_body(case.who, 200),
        Picture(limbs=(limb,)),
        onset_s=10,
        rate_ml_per_kg_h=np.zeros(200),
        rng=generator(case.seed, f"{case.name}-{case.number}", "hot"),
    )
    moved = hot.values[:, -1] - hot.values[:, 0]
    return (
        float(moved[Channel.HR] / moved[Channel.TEMP]),
        float(moved[Channel.RR] / moved[Channel.TEMP]),
    )


def _recovery(case: ReportedCase) -> dict[str, float]:
    verb, after_s = DEEDS[case.name]
    channel = Channel.HR if case.name in ("rate-related", "infusion-flush") else Channel.SBP
    moved = case.treated()[channel]
    if case.name.startswith("anaphylaxis"):
        before, later = moved[after_s], case.treated()[channel, after_s + LYING_S]
        return {"left of the fall after lying flat": 100.0 * float(later / before)}
    minutes = minutes_from(moved, after_s, of=furthest(moved))
    word = {"stop": "stopping", "slow": "slowing", "lie-flat": "lying flat"}[verb]
    return {
        f"minutes from {word} to recovery": minutes,
        "recovered within 1 h of stopping": float(minutes <= HOUR_MIN),
    }


def _with_skin(cases: int, seed: int) -> float:
    """Return how many in a hundred of the default mix's anaphylaxis have a sign of the skin."""
    skin, every = 0.0, 0.0
    for name, share in DEFAULT_MIX.reactions.items():
        if not name.startswith("anaphylaxis"):
            continue
        seen = [
            any(sign.symptom in ("hives", "flushing", "itch") for sign in one.picture.signs)
            for one in (reported_case(name, seed, number) for number in range(cases))
        ]
        skin += share * float(np.mean(seen))
        every += share
    return 100.0 * skin / every
