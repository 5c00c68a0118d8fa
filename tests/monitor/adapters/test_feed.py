"""A screen finds the broker again even where the library's own thread has come to a stop."""

import socket
import threading

import pytest
from broker import eventually, publish

from monitor.adapters.access import Access
from monitor.adapters.broker import LocalBroker
from monitor.adapters.feed import Feed

pytestmark = pytest.mark.broker


def test_a_client_that_hangs_is_left_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    with LocalBroker() as broker:
        access = Access(host=broker.host, port=broker.port, client_id="")
        feed = Feed(access, unit="demo", kinds=("state",), renewed_after_s=0.2)
        feed.connect()
        assert eventually(lambda: feed.connections == 1)
        stuck = feed._caller.client  # what hangs is inside
        monkeypatch.setattr(stuck, "reconnect", let_go.wait)
        link = stuck.socket()
        assert isinstance(link, socket.socket)
        link.shutdown(socket.SHUT_RDWR)
        assert eventually(lambda: not feed.is_connected)

        def found_again() -> bool:
            feed.receive(0.01)
            return feed.is_connected

        assert eventually(found_again)
        publish(broker.port, "-t", "irm/v1/demo/07/_/state", "-m", "{}", "-q", "1", "-r")
        heard = []

        def hears() -> bool:
            heard.extend(feed.receive(0.01))
            return bool(heard)

        assert eventually(hears)
        assert (heard[0].bed, heard[0].kind, heard[0].payload) == ("07", "_/state", b"{}")
        let_go.set()
        feed.close()
    assert not feed.is_connected
