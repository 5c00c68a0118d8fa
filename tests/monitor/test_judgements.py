"""What people did about alerts and said of them, and how late alerts were."""

import json
from pathlib import Path

import msgspec
import pytest
from ward_builders import Play, act, hypotensive, ms

from monitor.__main__ import main
from monitor.adapters.delays import alert_delays, spread
from monitor.adapters.journal import Journal, JournalReader
from monitor.facts.effects import AnyEffect
from monitor.study.judgements import Judgements, RuleJudged


def judged(*plays: Play) -> dict[str, RuleJudged]:
    found = Judgements()
    for number, play in enumerate(plays):
        # Every story has the same bed and times: its ids are made its own.
        found.add(play.told if not number else _renamed(play, number))
    return {row.rule: row for row in found.rows()}


def _renamed(play: Play, number: int) -> list[AnyEffect]:
    text = msgspec.json.encode(play.told).replace(b'"al-', f'"al-{number}'.encode())
    return msgspec.json.decode(text, type=list[AnyEffect])


def deciding(play: Play) -> str:
    return max(play.alert.because, key=lambda row: row.grade).rule


def test_every_end_is_counted_for_the_rule_that_decided() -> None:
    untouched, acted, artefact, both = (hypotensive() for _ in range(4))
    rule = deciding(untouched)
    acted.take(act(370, "step", step="flat"))
    judge = {"alert": artefact.alert.id, "disbelief": "artefact"}
    artefact.take(act(370, "not-a-reaction", **judge))
    both.take(act(370, "step", step="flat"))
    both.take(act(380, "not-a-reaction", **{**judge, "disbelief": "treated"}))
    row = judged(untouched, acted, artefact, both)[rule]
    assert (row.alerts, row.acted, row.judged) == (4, 1, 3)
    assert row.not_a_reaction == {"artefact": 1, "treated": 1}
    assert "1 of 3" in row.line


def test_a_refused_judgement_and_a_pending_alert_count_for_nothing() -> None:
    play = hypotensive()
    play.take(act(370, "not-a-reaction", alert="al-0", disbelief="other"))
    row = judged(play)[deciding(play)]
    assert (row.alerts, row.judged) == (1, 0)
    assert "nobody said" in row.line


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    play = hypotensive()
    with Journal.open_for_writing(path, unit="inf-a", software="test", config="c0ffee") as kept:
        number = kept.append_step(ms(360) + 1500, [])
        kept.append_effects(number, play.told)
    return path


def test_the_delays_of_a_journal(journal: Path) -> None:
    with JournalReader.open(journal) as reader:
        found = alert_delays(reader)
    assert found.alerts == 1
    assert found.condition == spread([30_000])
    assert found.signal == spread([1500])
    assert spread([]) is None


def test_verify_and_ppv_say_so(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(journal)]) == 0
    said = capsys.readouterr().out
    assert "1 alerts; condition delay: median 30 s, 95 % within 30 s, longest 30 s" in said
    assert "signal delay: median 1.5 s" in said
    assert main(["verify", str(journal), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["delays"]["alerts"] == 1
    assert main(["score", "ppv", str(journal)]) == 0
    assert "nobody said" in capsys.readouterr().out
    assert main(["score", "ppv", str(journal), "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)
    assert (first["alerts"], first["acted"]) == (1, 0)


def test_ranks_are_of_delays_that_were() -> None:
    found = spread(list(range(1, 101)))
    assert found is not None
    assert (found.median_ms, found.high_ms, found.longest_ms) == (50, 95, 100)
