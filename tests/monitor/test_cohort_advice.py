"""Advice held against the truth of a cohort: what is offered although it would be a fault."""

import msgspec

from monitor.facts.truth import TrueSession
from monitor.study.cohort_heard import USUAL_CARE, SessionHeard
from monitor.study.cohort_score import score_of
from monitor.study.cohort_tables import lines
from monitor.study.cohort_ward import Ear
from monitor.study.peers import KEYS

START_MS = 1_795_000_000_000


def quiet() -> SessionHeard:
    """Return a session of four hours in which nothing happened and nothing was said."""
    truth = TrueSession(bed="1", session="S", start_ms=START_MS, end_ms=START_MS + 14_400_000)
    return SessionHeard(
        truth=truth, alerts=(), steps=(), peers=dict.fromkeys((*KEYS, USUAL_CARE), ())
    )


def forbidden(
    *offered: tuple[int, str], must_not: tuple[str, ...] = ("epinephrine",)
) -> SessionHeard:
    plain = quiet()
    truth = msgspec.structs.replace(plain.truth, must_not=must_not, phenotype="vasovagal")
    return msgspec.structs.replace(plain, truth=truth, must_not=offered)


def test_a_step_that_the_truth_forbids_is_named_with_its_quiet() -> None:
    score = score_of([forbidden((START_MS, "epinephrine")), forbidden(), forbidden(must_not=())])
    (one,) = score.must_not_violations

    assert score.must_not_sessions == 2
    assert (one.step, one.phenotype, one.session, one.at_ms) == (
        "epinephrine",
        "vasovagal",
        "S",
        START_MS,
    )
    assert (
        "Steps that would be a fault: 1 offered in 2 sessions of which the truth names one "
        "(epinephrine in vasovagal 1)."
    ) in list(lines(score))


def test_no_word_is_said_of_steps_where_the_truth_forbids_none() -> None:
    assert not [line for line in lines(score_of([quiet()])) if line.startswith("Steps that")]


def test_what_a_ward_offers_is_held_against_the_truth() -> None:
    """An anaphylaxis whose truth says that it was a faint: epinephrine is offered, and counted."""
    words = {"epinephrine": "epinephrine", "flat": "supine", "call": "call_clinician"}
    ear = Ear(msgspec.structs.replace(quiet().truth, must_not=("epinephrine", "supine")))
    ear.offered = {"call": 1, "epinephrine": 7, "flat": 5}

    assert ear.must_not(words) == ((5, "supine"), (7, "epinephrine"))
