"""The page in Chromium before the real server, where a fake one could agree with it by mistake."""

import threading
from collections.abc import Callable
from pathlib import Path

from broker import eventually
from playwright.sync_api import Page, expect
from station_builders import NOW_MS, alert, desktop, heard, state, status

from monitor.station.exposure import HttpOptions
from monitor.station.pages import Pages
from monitor.station.server import Server, bound, how_to_serve
from monitor.station.web import Web, application
from monitor.wire.bed_parts import SnoozeShown
from monitor.wire.outbound import iso

OpenPage = Callable[..., Page]


class Place:
    """Where a page is."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_changed_limits_and_beds_where_nothing_stands_as_the_server_says_them(
    tmp_path: Path, open_page: OpenPage
) -> None:
    at, http = desktop(tmp_path), HttpOptions(port=0)
    web = Web(at.station, is_secure=False)
    server = Server(how_to_serve(application(web, http.places(), Pages()), http), at.station)
    listening = bound(http.host, http.port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    snooze = SnoozeShown(
        sign="skin", grade=1, until=iso(NOW_MS + 600_000), by="nurse-1", reason="seen"
    )
    empty = state(session="", subject="", phase="none", rate=None)
    try:
        assert eventually(lambda: server.started)
        at.line.coming.put([status(), heard("17", "state", state()), heard("18", "state", empty)])
        page = open_page(Place(f"http://127.0.0.1:{listening.getsockname()[1]}/"))
        notes = page.locator('.tile[data-bed="17"] .notes')
        expect(page.locator(".tile")).to_have_count(1)
        expect(notes).not_to_contain_text("limits changed")
        at.line.coming.put([heard("17", "state", state(snoozes=(snooze,)))])
        expect(notes).to_contain_text("limits changed")
        at.line.coming.put([heard("17", "state", state()), heard("18", "alert/al-1", alert())])
        expect(notes).not_to_contain_text("limits changed")
        expect(page.locator('.tile[data-bed="18"]')).to_be_visible()
    finally:
        at.station.stopping.set()
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()
