"""A file of the station that is spoiled while it runs: what needs it is refused, and only that."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from station_builders import PASSWORD, POST, desktop

from monitor.station.faults import UNREADABLE
from monitor.station.looks import Looks
from monitor.station.past import HeardPast
from monitor.station.people import Users, UsersFileError
from monitor.station.tracks import Tracks
from monitor.station.web import Web


def test_a_spoiled_file_of_users_lets_nobody_in_and_leaves_everything_else(tmp_path: Path) -> None:
    at = desktop(tmp_path)

    async def ask() -> None:
        async with contextlib.aclosing(at.browser()) as browser:
            (tmp_path / "users").write_text("{")
            wanted = {"name": "nurse-1", "password": PASSWORD}
            done = await browser.post("/api/v1/login", json=wanted, headers=POST)
            assert (done.status_code, done.json()) == (503, {"error": UNREADABLE})
            assert str(tmp_path) not in done.text
            assert (await browser.get("/api/v1/me")).status_code == 200

    asyncio.run(ask())


def test_a_spoiled_audit_is_not_shown_and_is_no_failure_of_the_server(tmp_path: Path) -> None:
    at = desktop(tmp_path)
    web = Web(at.station, is_secure=False)
    looks = Looks(web, tracks=Tracks(), past=HeardPast("now"), eras=(), settings={})
    at.app.router.routes.extend(looks.routes())

    async def ask() -> None:
        async with contextlib.aclosing(await at.nurse("auditor-1")) as browser:
            assert (await browser.get("/api/v1/audit")).status_code == 200
            at.audit.write_text("{\n")
            done = await browser.get("/api/v1/audit")
            assert (done.status_code, done.json()) == (503, {"error": UNREADABLE})

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"role": "nurse", "salt": "A", "hash": "AAAA"}', "salt or hash of a is no base64"),
        ('{"role": "nurse", "salt": "", "hash": "\u00e4"}', "salt or hash of a is no base64"),
        ('{"role": "nurse", "cost": 3}', "cost 3 of a must be a power of 2 from 2 to 32768"),
        ('{"role": "nurse", "cost": 65536}', "cost 65536 of a must be"),
    ],
)
def test_a_row_by_which_nobody_could_come_in_is_named(tmp_path: Path, row: str, words: str) -> None:
    path = tmp_path / "users"
    path.write_text(f'{{"a": {row}}}', encoding="utf-8")
    with pytest.raises(UsersFileError, match=words):
        Users(path)
