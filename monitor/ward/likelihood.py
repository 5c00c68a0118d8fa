"""Which pictures a bed makes and how well each is supported, for those who read an alert."""

from monitor.facts.effects import ClueSays, PictureSays
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import one
from monitor.ward.ward_state import WardState


def likely_pictures(state: WardState, bed: Bedside) -> tuple[PictureSays, ...]:
    """Return the pictures that hold at a bed with what speaks for each, the leading one first."""
    detection, row = state.detection, bed.row
    grade = detection.signs_of(one(row))
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
        for support in detection.evidence.supports(detection, row, grade)
    )
