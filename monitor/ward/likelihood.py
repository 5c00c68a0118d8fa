"""Which pictures a bed makes and how well each is supported, for those who read an alert."""

from typing import Final

from detectors.channels import CHANNEL_NAMES, NEVER, Channel
from monitor.facts.effects import ClueSays, PictureSays
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
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


def open_questions(
    state: WardState, bed: Bedside, at_ms: int, judged: Judged
) -> tuple[tuple[str, str], ...]:
    """Return what should be measured or looked for because it would decide, each with a reason.

    What is measured is named by its channel; what people see by its sign. ``judged`` are the
    beds among which this one was just judged.
    """
    detection, row, place = state.detection, bed.row, judged.place(bed)
    grade = judged.signs[[place]]
    unseen = _unseen(state, bed, at_ms)
    questions = detection.evidence.questions(detection, row, grade, unseen, judged.recent[[place]])
    there = ", ".join(
        sign for sign, held in zip(detection.params.signs, grade[0].tolist(), strict=True) if held
    )
    found: dict[str, str] = {}
    for question in questions:
        channel = detection.active.first_channel.get(question.sign)
        what = question.sign if channel is None else CHANNEL_NAMES[channel]
        asks = "look for it" if channel is None else "not measured of late"
        found.setdefault(
            what, f"with {there}, {question.sign} would mean {question.pattern}: {asks}"
        )
    return tuple(found.items())


def _unseen(state: WardState, bed: Bedside, at_ms: int) -> frozenset[str]:
    """Return the signs that were not measured of late, or that nobody has ever seen."""
    detection, row = state.detection, bed.row
    old = _old_channels(state, row, at_ms)
    begun_ms = detection.memory.begun_ms[row].tolist()
    signs = zip(detection.params.signs, detection.active.channels_of_signs, begun_ms, strict=True)
    return frozenset(
        sign
        for sign, channels, first_ms in signs
        if (old.issuperset(channels) if channels else first_ms == NEVER)
    )


def _old_channels(state: WardState, row: int, at_ms: int) -> frozenset[int]:
    """Return the channels that were not read for so long that they should be read again."""
    detection, pressure_ms = state.detection, state.settings.silence.pressure_old_ms
    valid_ms, read_ms = detection.params.valid_ms.tolist(), detection.measured_ms[row].tolist()
    return frozenset(
        channel
        for channel, (last_ms, limit_ms) in enumerate(zip(read_ms, valid_ms, strict=True))
        if last_ms == NEVER
        or at_ms - last_ms > (min(limit_ms, pressure_ms) if channel in PRESSURES else limit_ms)
    )
