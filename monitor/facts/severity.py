"""How bad an alert was as it stood, and how well its name was founded: which change tells of it."""

from typing import Final

from monitor.facts.effects import AlertChanged

STANDING: Final = frozenset({"pending", "active"})
"""Conditions under which signs hold; what is told while they ease keeps grades that were."""


def founded_centi(told: AlertChanged) -> int | None:
    """Return the evidence for the name that an alert bore, in hundredths of a point.

    None where it had no picture, and where its signs were easing or over: what is left of them
    then is no evidence of what they were.
    """
    if told.condition not in STANDING:
        return None
    return next((one.points_centi for one in told.pictures if one.leads), None)


def severity(told: AlertChanged) -> tuple[int, int]:
    """Return how bad an alert was at one change of it: its grade, then the evidence for its name.

    The greatest of all changes, the first of equal ones, is the alert at its worst. A grade stands
    for long: in its first seconds the name rests on the first sign alone, and in its last minutes
    on what has not gone yet, so neither end of it names what it was.
    """
    return told.grade, founded_centi(told) or 0
