"""Nothing that a stranger or a rotten disk can say ends a reader otherwise than it promises."""

import asyncio
import contextlib
import random
from pathlib import Path

import httpx
import pytest
from fuzzing import SLOW, TARGETS, broken, kept, mutated
from station_builders import POST, desktop

ROUNDS = 80
ADDRESSES = ("/api/v1/login", "/api/v1/acts", "/api/v1/screens", "/api/v1/logout")
BODIES = (
    b'{"name": "nurse-1", "password": "x"}',
    b'{"id": "a-1", "bed": "17", "act": "ack", "alert": "al-1", "rev": 1, "kind": "act"}',
)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_bytes_that_are_nearly_right_break_no_reader(name: str) -> None:
    rounds = 3 if name in SLOW else ROUNDS // 4 if name in {"snapshot", "mimic"} else ROUNDS
    chance = random.Random(7)  # noqa: S311 - chance that repeats
    found = [f"{fault!r} of {body[:200]!r}" for body, fault in broken(name, chance, rounds)]
    assert found == []


@pytest.mark.parametrize("path", list(kept()), ids=lambda path: path.stem)
def test_what_was_kept_to_break_a_reader_breaks_none(path: Path) -> None:
    TARGETS[path.stem.rpartition("-")[0]](path.read_bytes())


def test_no_request_to_the_station_makes_it_fail(tmp_path: Path) -> None:
    at = desktop(tmp_path)
    chance = random.Random(11)  # noqa: S311 - chance that repeats

    async def ask() -> list[str]:
        found = []
        browser = await at.nurse()
        async with contextlib.aclosing(browser):
            for _ in range(60):
                body, address = mutated(BODIES, chance), chance.choice(ADDRESSES)
                headers = dict(POST)
                if chance.random() < 0.3:
                    headers[chance.choice(("content-type", "origin", "cookie", "host"))] = (
                        mutated((b"application/json",), chance)
                        .decode("latin-1")
                        .translate(dict.fromkeys((*range(32), *range(127, 256))))
                    )
                done: httpx.Response = await browser.post(address, content=body, headers=headers)
                if done.status_code >= 500:
                    found.append(f"{done.status_code} of {address} {headers} {body!r}")
        return found

    assert asyncio.run(ask()) == []
