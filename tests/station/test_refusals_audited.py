"""Every request that is refused is in the audit, and no flood of them fills the disk."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from station_builders import POST, Desktop, Hand, alert, desktop, heard, state

from monitor.adapters.deeds import Audit, audit_faults, audit_lines
from monitor.station.guard import BODY_MAX
from monitor.station.refusals import ALL_MOST, EACH_MOST, NAMED_MOST, Refusals
from monitor.station.station import HEAD_AGAIN_S

ACK: Final[dict[str, Any]] = {
    "id": "6f1c2a9e-0001",
    "bed": "17",
    "kind": "act",
    "alert_rev": 1,
    "payload": {"act": "ack", "alert": "al-1"},
}
LONG: Final = str(BODY_MAX + 1)
HTML: Final = "<script>alert(1)</script>"


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def at(tmp_path: Path) -> Desktop:
    made = desktop(tmp_path)
    made.station.hear([heard("17", "state", state()), heard("17", "alert/al-1", alert())])
    return made


@pytest.mark.parametrize("path", ["/api/v1/acts", "/api/v1/login", "/api/v1/screens"])
@pytest.mark.parametrize(
    ("headers", "status", "why"),
    [
        ({"origin": "http://elsewhere.example"}, 403, "another origin"),
        ({"origin": f"http://{HTML}"}, 403, "another origin"),
        ({"x-irm": ""}, 403, "X-IRM: 1 is missing"),
        ({"content-type": "text/plain"}, 415, "must be application/json"),
        ({"host": "rebound.example"}, 421, "does not answer to that name"),
        ({"content-length": LONG}, 413, f"at most {BODY_MAX} bytes"),
        ({"content-length": "-1"}, 413, f"at most {BODY_MAX} bytes"),
    ],
)
def test_a_post_that_the_guard_refuses_is_audited_with_its_reason(
    at: Desktop, path: str, headers: dict[str, str], status: int, why: str
) -> None:
    async def work() -> None:
        browser = at.browser("192.0.2.7")
        done = await browser.post(path, content=b"{}", headers={**POST, **headers})
        assert done.status_code == status
        assert why in done.json()["error"]

    run(work)
    (line,) = at.audited()
    assert (line["what"], line["who"], line["via"]) == ("request-refused", "", "192.0.2.7")
    assert line["new"] == str(status)
    assert why in line["why"]
    assert line["old"].startswith(f"POST {path}")
    ((name, value),) = headers.items()
    assert not value or name == "x-irm" or f"{name}={value}" in line["old"]
    assert at.line.sent == []
    assert list(audit_faults(at.audit)) == []


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/api/v1/acts", b" " * (BODY_MAX + 1), 413, "at most"),
        ("/api/v1/acts", b"{", 400, "truncated"),
        ("/api/v1/acts", b"[" * 8000, 400, ""),
        ("/api/v1/login", b'{"name": 1}', 400, "name"),
        ("/api/v1/login", b'{"name":"nurse-1","password":"wrong horse"}', 401, "refused"),
        ("/api/v1/screens", HTML.encode(), 400, "malformed"),
        ("/api/v1/screens", b'{"screen":"<b>","tones":"on"}', 400, "screen"),
        ("/api/v1/nowhere", b"{}", 404, "Not Found"),
        ("/api/v1/me", b"{}", 405, "Method Not Allowed"),
    ],
)
def test_a_body_or_address_that_is_refused_is_audited_once(
    at: Desktop, path: str, body: bytes, status: int, why: str
) -> None:
    async def parts() -> Any:  # noqa: ANN401 - an iterator of parts, so that no header says how many
        yield body

    async def work() -> None:
        done = await at.browser().post(path, content=parts(), headers=POST)
        assert done.status_code == status, done.text

    run(work)
    (line,) = at.audited()
    assert why in line["why"]
    assert at.line.sent == []


def test_who_looks_at_the_audit_without_right_is_audited_and_who_looks_elsewhere_is_not(
    at: Desktop,
) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        assert (await nurse.get("/api/v1/nowhere")).status_code == 404
        assert (await nurse.get("/api/v1/me")).status_code == 200
        assert (await nurse.get("/", headers={"host": "rebound.example"})).status_code == 421

    run(work)
    assert [(line["what"], line["new"]) for line in at.audited()] == [
        ("login", "ok"),
        ("request-refused", "421"),
    ]


def test_a_flood_is_counted_and_the_count_is_written(at: Desktop) -> None:
    async def work() -> None:
        attacker = at.browser("192.0.2.66")
        for _ in range(EACH_MOST + 7):
            done = await attacker.post("/api/v1/acts", json=ACK, headers={**POST, "x-irm": "0"})
            assert done.status_code == 403
        # A name that is made up anew each time has no room of its own.
        for number in range(3):
            body = {"name": f"nobody-{number}", "password": "wrong horse"}
            assert (
                await attacker.post("/api/v1/login", json=body, headers=POST)
            ).status_code == 401
        # What people do is still written while somebody floods.
        nurse = await at.nurse()
        assert (await nurse.post("/api/v1/acts", json=ACK, headers=POST)).status_code == 202
        at.clock.s += 61
        assert (await attacker.post("/api/v1/acts", json=ACK, headers={**POST, "x-irm": "0"})).text

    run(work)
    kinds = [line["what"] for line in at.audited()]
    assert kinds == [
        *["request-refused"] * EACH_MOST,
        "login",
        "act",
        "request-refused",
        "refusals-not-written",
    ]
    last = at.audited()[-1]
    assert (last["new"], last["old"]) == ("10", "192.0.2.66 10")
    assert list(audit_faults(at.audit)) == []


def refusals(folder: Path) -> tuple[Refusals, Hand, Callable[[], list[dict[str, Any]]]]:
    clock = Hand()
    audit = Audit(folder / "audit", clock.now_ms)
    at = Refusals(audit, clock.seconds)

    def lines() -> list[dict[str, Any]]:
        return [
            {"what": one.what, "old": one.old, "new": one.new} for one in audit_lines(audit.path)
        ]

    return at, clock, lines


def test_many_peers_together_have_no_more_room_than_all_may_have(tmp_path: Path) -> None:
    at, clock, lines = refusals(tmp_path)
    written = [at.add(f"peer-{number}", what="request-refused") for number in range(ALL_MOST + 50)]
    assert written == [True] * ALL_MOST + [False] * 50
    at.settle()
    assert len(lines()) == ALL_MOST
    clock.s += 60
    at.settle()
    at.settle()
    assert len(lines()) == ALL_MOST + 1
    assert lines()[-1]["new"] == "50"
    assert lines()[-1]["old"].count(",") == NAMED_MOST - 1


def test_what_was_not_written_is_counted_in_the_end_whatever_the_time(tmp_path: Path) -> None:
    at, _, lines = refusals(tmp_path)
    at.settle(at_end=True)
    assert lines() == []
    for _ in range(EACH_MOST + 3):
        at.add("peer", what="request-refused")
    at.settle(at_end=True)
    assert lines()[-1] == {"what": "refusals-not-written", "old": "peer 3", "new": "3"}


def test_names_beyond_what_is_kept_are_counted_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.station.refusals.KEYS_MAX", 2)
    at, _, lines = refusals(tmp_path)
    for number in range(ALL_MOST + 5):
        at.add(f"peer-{number}", what="request-refused")
    at.settle(at_end=True)
    assert (lines()[-1]["new"], lines()[-1]["old"].count("peer")) == ("5", 2)


def test_two_threads_write_or_count_every_refusal_once(tmp_path: Path) -> None:
    at, _, lines = refusals(tmp_path)

    def flood(name: str) -> None:
        for _ in range(EACH_MOST + 20):
            at.add(name, what="request-refused")

    threads = [threading.Thread(target=flood, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    at.settle(at_end=True)
    assert [one["what"] for one in lines()] == ["request-refused"] * 60 + ["refusals-not-written"]
    assert lines()[-1]["new"] == "40"


def test_the_head_of_the_audit_is_published_once_a_day_and_can_be_shown_later(
    at: Desktop, tmp_path: Path
) -> None:
    at.station.audit.add(what="login", who="nurse-1")
    for now_s in (0.0, 1.0):
        at.station.tell_head(now_s)
    (name, said), *more = at.line.sent
    assert (name, more) == ("irm/v1/inf-a/_/station-1/head", [])
    assert at.line.retained == [name]
    assert (said["row"], said["hash"]) == at.station.audit.head
    known = (said["row"], said["hash"])
    assert list(audit_faults(at.audit, known)) == []
    at.clock.s += 86_400
    at.station.audit.add(what="logout", who="nurse-1")
    at.station.tell_head(2.0)
    assert [row["row"] for _, row in at.line.sent] == [1, 2]
    kept = at.audit.read_bytes().splitlines(keepends=True)
    assert len(kept) == 2
    at.audit.write_bytes(b"")
    assert list(audit_faults(at.audit, known)) == [
        "line 1 is missing: the end was cut off after it was noted"
    ]
    made_anew = Audit(tmp_path / "other", lambda: 0)
    made_anew.add(what="login", who="nurse-2")
    assert list(audit_faults(made_anew.path, known)) == [
        "line 1 has another hash than was noted: the chain was made anew"
    ]


def test_a_head_that_the_broker_does_not_take_is_told_again_later(at: Desktop) -> None:
    at.line.refusal = "Not authorized"
    at.station.tell_head(0.0)
    at.line.refusal = ""
    at.station.tell_head(HEAD_AGAIN_S - 1)
    assert at.line.sent == []
    at.line.is_connected = False
    at.station.tell_head(HEAD_AGAIN_S)
    at.line.is_connected = True
    at.station.tell_head(HEAD_AGAIN_S)
    assert len(at.line.sent) == 1
