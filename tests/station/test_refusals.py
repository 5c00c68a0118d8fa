"""What a station refuses: each with its reason, each audited, and nothing sent."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from station_builders import POST, Desktop, alert, desktop, heard, state

from monitor.adapters.deeds import audit_faults
from monitor.station.doors import Proxy, networks

ACK: dict[str, Any] = {
    "id": "6f1c2a9e-0001",
    "bed": "17",
    "kind": "act",
    "alert_rev": 3,
    "payload": {"act": "ack", "alert": "al-1"},
}
HTML = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def at(tmp_path: Path) -> Desktop:
    """A station with one bed and one alert in its third revision."""
    made = desktop(tmp_path)
    made.station.hear(
        [
            heard("17", "state", state()),
            heard("17", "alert/al-1", alert()),
            heard("17", "alert/al-1", alert(rev=2, phase="escalate")),
            heard("17", "alert/al-1", alert(rev=3)),
        ]
    )
    return made


def test_an_act_is_sent_with_who_and_when_and_audited(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        done = await nurse.post("/api/v1/acts", json=ACK, headers=POST)
        assert (done.status_code, done.json()) == (202, {"id": ACK["id"], "state": "sent"})

    run(work)
    ((name, body),) = at.line.sent
    assert name == "irm/v1/inf-a/17/station-1/act"
    assert body == {
        "act": "ack",
        "alert": "al-1",
        "t": "2026-11-18T11:06:40.000Z",
        "id": ACK["id"],
        "by": "nurse-1",
        "role": "nurse",
        "via": "station-1",
        "rev": 3,
    }
    login, act = at.audited()
    assert (login["what"], login["who"], login["new"]) == ("login", "nurse-1", "ok")
    assert (act["what"], act["who"], act["role"]) == ("act", "nurse-1", "nurse")
    assert "rev 3" in act["old"]
    assert list(audit_faults(at.audit)) == []


def test_the_same_act_again_has_the_same_answer_and_is_sent_once(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        first = await nurse.post("/api/v1/acts", json=ACK, headers=POST)
        again = await nurse.post("/api/v1/acts", json=ACK, headers=POST)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        other = {**ACK, "payload": {"act": "escalate", "alert": "al-1"}}
        refused = await nurse.post("/api/v1/acts", json=other, headers=POST)
        assert (refused.status_code, refused.json()["field"]) == (409, "id")

    run(work)
    assert len(at.line.sent) == 1


def test_an_act_that_did_not_reach_the_broker_may_be_tried_again(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        at.line.is_connected = False
        lost = await nurse.post("/api/v1/acts", json=ACK, headers=POST)
        assert lost.status_code == 503
        assert "not sent" in lost.json()["error"]
        at.line.is_connected = True
        assert (await nurse.post("/api/v1/acts", json=ACK, headers=POST)).status_code == 202

    run(work)
    assert len(at.line.sent) == 1


@pytest.mark.parametrize(
    ("changed", "status", "field", "words"),
    [
        ({"alert_rev": None}, 400, "alert_rev", "missing"),
        ({"alert_rev": 1}, 409, "alert_rev", "got worse in revision 2"),
        ({"alert_rev": 9}, 409, "alert_rev", "does not exist yet"),
        ({"bed": "18"}, 409, "bed", "of bed 17"),
        ({"bed": "a/b"}, 400, "", "bed"),
        ({"bed": HTML}, 400, "", "bed"),
        ({"id": "x"}, 400, "", "id"),
        ({"id": HTML}, 400, "", "id"),
        ({"kind": "vitals"}, 400, "", "kind"),
        ({"kind": "status"}, 400, "", "kind"),
        ({"more": 1}, 400, "", "more"),
        ({"payload": {"act": "ack"}}, 422, "alert", "missing-field"),
        ({"payload": {"act": "explode", "alert": "al-1"}}, 422, "act", "unknown-value"),
        ({"payload": {**ACK["payload"], "by": "somebody"}}, 400, "by", "not the page's"),
        ({"payload": {**ACK["payload"], "role": "charge"}}, 400, "role", "not the page's"),
        ({"payload": {**ACK["payload"], "rev": 7}}, 400, "rev", "not the page's"),
        ({"kind": "obs", "payload": {"symptom": HTML, "present": True}}, 422, "symptom", ""),
        ({"kind": "obs", "payload": {"symptom": "hives", "present": 1}}, 422, "present", ""),
        (
            {
                "kind": "obs",
                "payload": {"symptom": "hives", "present": True, "t": "2031-01-01T00:00:00Z"},
            },
            422,
            "t",
            "future-stamp",
        ),
        ({"kind": "session", "payload": {"event": "open"}}, 422, "subject", "missing-field"),
        ({"kind": "pump", "payload": {"state": HTML}}, 422, "state", "unknown-value"),
    ],
)
def test_what_does_not_fit_is_refused_with_field_and_reason(
    at: Desktop, changed: dict[str, Any], status: int, field: str, words: str
) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        done = await nurse.post("/api/v1/acts", json={**ACK, **changed}, headers=POST)
        said = done.json()
        assert (done.status_code, said["field"]) == (status, field), said
        assert words in said["error"]

    run(work)
    assert at.line.sent == []
    assert at.audited()[-1]["what"] == "act-refused"
    assert words in at.audited()[-1]["why"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"x-irm": ""}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"host": "rebound.example"}, 421),
    ],
)
def test_a_post_that_no_page_of_ours_sent_is_refused(
    at: Desktop, headers: dict[str, str], status: int
) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        done = await nurse.post("/api/v1/acts", json=ACK, headers={**POST, **headers})
        assert done.status_code == status
        assert done.json()["error"]

    run(work)
    assert at.line.sent == []


def test_a_body_is_too_large_by_its_header_or_by_what_comes(at: Desktop) -> None:
    async def parts() -> Any:  # noqa: ANN401 - an iterator of parts
        for _ in range(20):
            yield b" " * 1000

    async def work() -> None:
        nurse = await at.nurse()
        told = await nurse.post("/api/v1/acts", content=b" " * 9000, headers=POST)
        assert told.status_code == 413
        streamed = await nurse.post("/api/v1/acts", content=parts(), headers=POST)
        assert streamed.status_code == 413

    run(work)
    assert at.line.sent == []


SESSION: dict[str, Any] = {
    "kind": "session",
    "payload": {"event": "associate", "devices": ["mon-1"]},
}
SYMPTOM: dict[str, Any] = {"kind": "obs", "payload": {"symptom": "hives", "present": True}}
PUMP: dict[str, Any] = {"kind": "pump", "payload": {"state": "paused"}}
PAUSE: dict[str, Any] = {"kind": "session", "payload": {"event": "pause"}}
EVERYTHING = {"ack": {}, "obs": SYMPTOM, "pump": PUMP, "pause": PAUSE, "associate": SESSION}
ALLOWED = {
    "nurse-1": {"ack", "obs", "pump", "pause", "associate"},
    "charge-1": {"ack", "obs", "pump", "pause", "associate"},
    "engineer-1": {"associate"},
    "auditor-1": set[str](),
    "viewer-1": set[str](),
}


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("what", EVERYTHING)
def test_every_role_may_do_what_the_table_says_and_no_more(
    at: Desktop, name: str, what: str
) -> None:
    async def work() -> None:
        person = await at.nurse(name)
        wanted = {**ACK, **EVERYTHING[what]}
        done = await person.post("/api/v1/acts", json=wanted, headers=POST)
        assert done.status_code == (202 if what in ALLOWED[name] else 403), done.text

    run(work)
    assert len(at.line.sent) == (what in ALLOWED[name])
    assert at.audited()[-1]["what"] == ("act" if what in ALLOWED[name] else "act-refused")


def test_nobody_acts_without_logging_in_and_everybody_may_look(at: Desktop) -> None:
    async def work() -> None:
        browser = at.browser()
        assert (await browser.post("/api/v1/acts", json=ACK, headers=POST)).status_code == 401
        me = (await browser.get("/api/v1/me")).json()
        assert me == {"name": None, "role": "viewer", "may": []}
        assert (await browser.get("/")).status_code == 200

    run(work)
    assert at.line.sent == []
    assert at.audited()[-1]["what"] == "act-refused"


def test_a_login_is_a_cookie_that_no_script_reads_and_ends_with_it(at: Desktop) -> None:
    async def work() -> None:
        browser = at.browser()
        wrong = {"name": "nurse-1", "password": "wrong horse"}
        assert (await browser.post("/api/v1/login", json=wrong, headers=POST)).status_code == 401
        right = {**wrong, "password": "correct horse"}
        done = await browser.post("/api/v1/login", json=right, headers=POST)
        cookie = done.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert done.json()["may"] == ["act", "obs", "pump", "session"]
        assert (await browser.get("/api/v1/me")).json()["name"] == "nurse-1"
        await browser.post("/api/v1/logout", json={}, headers=POST)
        assert (await browser.get("/api/v1/me")).json()["name"] is None

    run(work)
    assert [line["what"] for line in at.audited()] == ["login", "login", "logout"]
    assert at.audited()[0]["why"] == "refused"


def test_a_login_ends_after_a_shift_and_after_half_an_hour_without_an_act(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        at.clock.s += 29 * 60
        assert (await nurse.post("/api/v1/acts", json=ACK, headers=POST)).status_code == 202
        at.clock.s += 29 * 60
        assert (await nurse.get("/api/v1/me")).json()["name"] == "nurse-1"
        at.clock.s += 2 * 60
        assert (await nurse.get("/api/v1/me")).json()["name"] is None

    run(work)


def test_logins_and_acts_are_limited(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        codes = []
        for number in range(31):
            wanted = {**ACK, "id": f"6f1c2a9e-{number:04}", **SYMPTOM}
            codes.append((await nurse.post("/api/v1/acts", json=wanted, headers=POST)).status_code)
        assert codes == [202] * 30 + [429]
        browser = at.browser()
        wrong = {"name": "nurse-1", "password": "wrong horse"}
        tries = [
            (await browser.post("/api/v1/login", json=wrong, headers=POST)).status_code
            for _ in range(5)
        ]
        assert tries == [401] * 4 + [429]
        at.clock.s += 61
        assert (await browser.post("/api/v1/login", json=wrong, headers=POST)).status_code == 401

    run(work)


def test_a_proxy_names_people_only_from_its_own_address(tmp_path: Path) -> None:
    proxy = Proxy(header="X-Remote-User", peers=networks(["10.0.0.0/30"]))
    at = desktop(tmp_path, proxy=proxy)
    at.station.hear([heard("17", "alert/al-1", alert(rev=3))])

    async def work() -> None:
        named = {"x-remote-user": "nurse-1", "x-forwarded-for": "192.0.2.7"}
        inside = at.browser("10.0.0.2", **named)
        assert (await inside.get("/api/v1/me")).json()["name"] == "nurse-1"
        done = await inside.post("/api/v1/acts", json=ACK, headers=POST)
        assert done.status_code == 202
        outside = at.browser("10.0.0.9", **named)
        assert (await outside.get("/api/v1/me")).json()["name"] is None
        unknown = at.browser("10.0.0.2", **{"x-remote-user": "somebody"})
        assert (await unknown.post("/api/v1/acts", json=ACK, headers=POST)).status_code == 401
        login = {"name": "nurse-1", "password": "correct horse"}
        refused = await outside.post("/api/v1/login", json=login, headers=POST)
        assert refused.status_code == 403

    run(work)


def test_html_in_every_field_that_takes_text_goes_out_as_text(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        payload = {"act": "snooze", "alert": HTML, "reason": HTML, "sign": HTML, "for_s": 60}
        wanted = {**ACK, "payload": payload}
        done = await nurse.post("/api/v1/acts", json=wanted, headers=POST)
        assert done.status_code == 202
        assert done.headers["content-type"] == "application/json"
        assert done.headers["x-content-type-options"] == "nosniff"

    run(work)
    ((_, body),) = at.line.sent
    assert {body["alert"], body["reason"], body["sign"]} == {HTML}


def test_every_answer_carries_the_headers_of_the_guard(at: Desktop) -> None:
    async def work() -> None:
        browser = at.browser()
        paths = ("/", "/nowhere", "/page/nothing.js", "/api/v1/me", "/healthz", "/metrics")
        for path in paths:
            headers = (await browser.get(path)).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "strict-transport-security" not in headers
        assert (await browser.get("/page/..%2f..%2fserver.py")).status_code == 404
        assert (await browser.get("/page/__init__.py")).status_code == 404

    run(work)


def test_an_alert_of_the_monitor_itself_is_acknowledged_and_audited(at: Desktop) -> None:
    async def work() -> None:
        nurse = await at.nurse()
        own = {**ACK, "bed": "_", "alert_rev": 1, "payload": {"act": "ack", "alert": "al-own"}}
        done = await nurse.post("/api/v1/acts", json=own, headers=POST)
        assert done.status_code == 202, done.text
        stop = {**own, "id": "6f1c2a9e-0002", "kind": "session", "payload": {"event": "stop"}}
        refused = await nurse.post("/api/v1/acts", json=stop, headers=POST)
        assert refused.status_code == 422, refused.text

    at.station.hear([heard("_", "alert/al-own", alert("al-own"))])
    run(work)
    ((name, body),) = at.line.sent
    assert (name, body["act"]) == ("irm/v1/inf-a/_/station-1/act", "ack")
    done, refused = [one for one in at.audited() if one["what"].startswith("act")]
    assert (done["what"], done["who"]) == ("act", "nurse-1")
    assert refused["what"] == "act-refused"
    assert "roaming-bed" in refused["why"]
