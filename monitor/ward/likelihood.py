"""Which pictures a bed makes and how well each is supported, for those who read an alert."""

from typing import Final

from detectors.channels import CHANNEL_NAMES, NEVER, Channel
from monitor.facts.effects import ClueSays, PictureSays
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.pictures import one
from monitor.ward.ward_state import WardState

PRESSURES: Final = frozenset({Channel.SBP, Channel.DBP, Channel.MAP})


def likely_pictures(
    state: WardState, bed: Bedside, judged: Judged | None = None
) -> tuple[PictureSays, ...]:
    """Return the pictures that hold at a bed with what speaks for each, the leading one first.

    ``judged`` are the beds among which it was just judged, where there are any.
    """
    detection, row = state.detection, bed.row
    if judged is None:
        judged = Judged.alone(state, bed)
    place = judged.place(bed)
    grade = judged.signs[[place]]
    return tuple(
        PictureSays(
            pattern=support.pattern,
            points_centi=support.weight_centi,
            leads=support.leads,
            clues=tuple(
                ClueSays(
                    clue=given.clue.id,
                    words=given.clue.words,
                    kind=given.clue.kind,
                    points_centi=given.weight_centi,
                )
                for given in support.contributions
            ),
            lacking=tuple(clue.words for clue in support.unknown),
        )
        for support in detection.evidence.supports(detection, row, grade, judged.standing, place)
    )


def open_questions(state: WardState, bed: Bedside, at_ms: int) -> tuple[tuple[str, str], ...]:
    """Return what should be measured or looked for because it would decide, each with a reason.

    What is measured is named by its channel; what people see by its sign.
    """
    detection, row = state.detection, bed.row
    grade = detection.signs_of(one(row))
    unseen = _unseen(state, bed, at_ms)
    questions = detection.evidence.questions(detection, row, grade, unseen)
    there = ", ".join(
        sign for sign, held in zip(detection.params.signs, grade[0].tolist(), strict=True) if held
    )
    found: dict[str, str] = {}
    for question in questions:
        channel = _channel_of(state, question.sign)
        what = question.sign if channel is None else CHANNEL_NAMES[channel]
        asks = "look for it" if channel is None else "not measured of late"
        found.setdefault(
            what, f"with {there}, {question.sign} would mean {question.pattern}: {asks}"
        )
    return tuple(found.items())


def _unseen(state: WardState, bed: Bedside, at_ms: int) -> frozenset[str]:
    """Return the signs that were not measured of late, or that nobody has ever seen."""
    detection, row = state.detection, bed.row
    reads = detection.reads
    unseen = set()
    for index, sign in enumerate(detection.params.signs):
        channels = [channel for channel in Channel if reads[index, channel]]
        if channels:
            if all(_is_old(state, row, channel, at_ms) for channel in channels):
                unseen.add(sign)
        elif detection.memory.begun_ms[row, index] == NEVER:
            unseen.add(sign)
    return frozenset(unseen)


def _is_old(state: WardState, row: int, channel: Channel, at_ms: int) -> bool:
    """Tell whether a channel was not read for so long that it should be read again."""
    read_ms = int(state.detection.measured_ms[row, channel])
    limit_ms = int(state.detection.params.valid_ms[channel])
    if channel in PRESSURES:
        limit_ms = min(limit_ms, state.settings.silence.pressure_old_ms)
    return read_ms == NEVER or at_ms - read_ms > limit_ms


def _channel_of(state: WardState, sign: str) -> Channel | None:
    """Return the channel that the first rule of a sign reads; None for what people see."""
    rules = state.settings.detection.book.rules
    return next((rule.clauses[0].channel for rule in rules if rule.sign == sign), None)
