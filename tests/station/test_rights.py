"""The table of rights: every role with every act, in the code, on the page and in the document."""

import asyncio
import re
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from station_builders import desktop

from monitor.facts.records import ActVerb, PhaseVerb, PlaceVerb
from monitor.station.acts import DEVICE_EVENTS, ActWanted, Desk, RefusedError
from monitor.station.people import MAY, RIGHTS, ROLES, Person, Right, Role

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "station.md"

TABLE: Final = """
            act  obs  pump  session  devices  audit
viewer      -    -    -     -        -        -
nurse       yes  yes  yes   yes      -        -
charge      yes  yes  yes   yes      yes      -
engineer    -    -    -     -        yes      -
auditor     -    -    -     -        -        yes
"""


def table(text: str) -> dict[tuple[str, str], bool]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    return {
        (row[0], right): cell == "yes"
        for row in rows
        for right, cell in zip(head, row[1:], strict=True)
    }


CELLS: Final = table(TABLE)


def test_the_table_has_every_cell_and_cannot_be_changed() -> None:
    assert set(CELLS) == {(role, right) for role in ROLES for right in RIGHTS}
    with pytest.raises(TypeError):
        MAY["viewer"] = frozenset({"act"})  # type: ignore[index]  # what must not be possible


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("right", RIGHTS)
def test_a_role_may_what_its_cell_says(role: Role, right: Right) -> None:
    assert Person(name="one", role=role).may(right) == CELLS[role, right]


def test_the_document_has_the_same_table() -> None:
    found = re.findall(
        r"^\| (role|viewer|nurse|charge|engineer|auditor) \|(.*)\|$",
        DOCUMENT.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    rows = [[name, *(cell.strip() for cell in cells.split("|"))] for name, cells in found]
    head, *roles = rows
    said = {
        (row[0], right): cell == "yes"
        for row in roles
        for right, cell in zip(head[1:], row[1:], strict=True)
    }
    assert said == CELLS


WANTED: Final[list[tuple[str, dict[str, Any], set[str]]]] = [
    *(("act", {"act": verb}, {"act"}) for verb in get_args(ActVerb)),
    *(("session", {"event": verb}, {"session"}) for verb in get_args(PhaseVerb)),
    ("session", {"event": "transfer"}, {"session"}),
    *(("session", {"event": verb}, {"session", "devices"}) for verb in sorted(DEVICE_EVENTS)),
    ("obs", {"symptom": "hives"}, {"obs"}),
    ("obs", {"values": {"hr": 80}}, {"obs"}),
    ("pump", {"state": "paused"}, {"pump"}),
]


def test_every_place_verb_is_asked_for() -> None:
    events = {body["event"] for kind, body, _ in WANTED if kind == "session"}
    assert events == {*get_args(PhaseVerb), *get_args(PlaceVerb)}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One desk for all cells: what it refuses changes nothing."""
    return desktop(tmp_path_factory.mktemp("desk")).station.desk


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("kind", "body", "rights"), WANTED, ids=lambda one: one if isinstance(one, str) else None
)
def test_a_role_may_do_an_act_if_one_of_its_rights_is_enough(
    desk: Desk,
    role: Role,
    kind: Any,  # noqa: ANN401 - a kind of act
    body: dict[str, Any],
    rights: set[str],
) -> None:
    wanted = ActWanted(id="6f1c2a9e-0001", bed="17", kind=kind, payload=body, alert_rev=1)
    person = Person(name="one", role=role)
    may = any(CELLS[role, right] for right in rights)
    status = 202
    try:
        desk.message(wanted, person, 1_795_000_000_000)
    except RefusedError as refused:
        status = refused.status
    assert (status != 403) == may


@pytest.mark.parametrize("role", ROLES)
def test_the_page_is_told_the_rights_of_the_table(tmp_path: Path, role: Role) -> None:
    at = desktop(tmp_path)

    async def work() -> None:
        person = await at.nurse(f"{role}-1")
        said = (await person.get("/api/v1/me")).json()
        assert said == {
            "name": f"{role}-1",
            "role": role,
            "may": sorted(right for right in RIGHTS if CELLS[role, right]),
        }

    asyncio.run(work())
