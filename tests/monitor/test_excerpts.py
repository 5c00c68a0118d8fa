"""Excerpts: the messages of some beds, every step, and a word on a bed of which nothing came."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.recording import Remarks
from monitor.excerpts import NO_MESSAGE, of_beds
from monitor.facts.records import RawMessage, RecordedStep

TOPICS = ("irm/v1/u/1/d/vitals", "irm/v1/u/2/d/obs", "irm/v1/u/12/d/obs", "nonsense", "")
STEPS = st.lists(st.lists(st.sampled_from(TOPICS), max_size=4), max_size=5)


@given(STEPS, st.frozensets(st.sampled_from(["1", "2", "3"])))
def test_every_step_keeps_the_messages_of_the_beds_that_are_wanted(
    topics: list[list[str]], beds: frozenset[str]
) -> None:
    steps = [
        RecordedStep(
            now_ms=number,
            messages=tuple(
                RawMessage(received_ms=number, topic=name, payload=b"") for name in names
            ),
        )
        for number, names in enumerate(topics)
    ]
    remarks = Remarks()
    found = list(of_beds(steps, beds, remarks, "r"))
    assert [step.now_ms for step in found] == [step.now_ms for step in steps]
    wanted = [[name for name in names if any(f"/u/{bed}/" in name for bed in beds)]
              for names in topics]  # fmt: skip
    kept = [[raw.topic for raw in step.messages] for step in found]
    assert kept == (wanted if beds else topics)
    unheard = [bed for bed in beds if not any(f"/u/{bed}/" in name for name in chain(*topics))]
    assert remarks.counts == ({NO_MESSAGE: len(unheard)} if unheard else {})
