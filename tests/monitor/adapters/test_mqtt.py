"""The link: refused clearly, protected where asked, acknowledging only on its own connection."""

import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from broker import eventually, mosquitto, publish
from fakes import Listener, ManualClock, now_ms

from monitor.adapters.access import Access, LinkError, Tls
from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.adapters.filters import filters
from monitor.adapters.mqtt import BrokerLink
from monitor.adapters.window import PAYLOAD_BYTES_MAX
from monitor.wire.announcements import Announcement
from monitor.wire.topics import monitor_status_topic

pytestmark = pytest.mark.broker

BOOT = "000000000001-1"


WILL = Announcement(
    topic=monitor_status_topic("infa"), payload=b'{"state":"offline"}', qos=1, retain=True
)


def link_to(access: Access, unit: str = "infa") -> BrokerLink:
    return BrokerLink(access, unit=unit, boot=BOOT, clock=ManualClock(now_ms()))


def bye(link: BrokerLink, unit: str = "infa") -> None:
    said = Announcement(topic=monitor_status_topic(unit), payload=b"bye", qos=1, retain=True)
    link.close([said], 2.0)


def access_to(port: int, **others: object) -> Access:
    settings: dict[str, object] = {"host": HOST, "port": port, "client_id": "m", **others}
    return Access(connect_timeout_s=2.0, **settings)  # type: ignore[arg-type]  # as each test says


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a server's and a monitor's certificate by it."""
    folder = tmp_path_factory.mktemp("certificates")
    new_key = ("-newkey", "rsa:2048", "-nodes")
    openssl(
        folder,
        *("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    (folder / "names").write_text(f"subjectAltName=IP:{HOST}")
    for name in ("server", "monitor"):
        request = (f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(folder, "req", *new_key, "-keyout", *request)
        openssl(
            folder,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-extfile", "names", "-out", f"{name}.crt"),
        )
    return folder


def test_a_port_where_nobody_listens_is_refused_at_once() -> None:
    with pytest.raises(LinkError, match=r"cannot connect .*refused"):
        link_to(access_to(free_port())).connect(WILL)


def test_something_that_is_no_broker_is_given_up_in_time() -> None:
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        with pytest.raises(LinkError, match="no answer within 2 s"):
            link_to(access_to(mute.getsockname()[1])).connect(WILL)


def test_a_wrong_password_is_told(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    user = {"username": "monitor", "password": "right"}
    command = ["mosquitto_passwd", "-b", "-c", str(passwords), *user.values()]
    subprocess.run(command, check=True, capture_output=True)
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}") as port:
        wrong = access_to(port, **{**user, "password": "wrong"})
        with pytest.raises(LinkError, match=r"refused us .*[Nn]ot authorized"):
            link_to(wrong).connect(WILL)
        assert "wrong" not in str(wrong)
        link = link_to(access_to(port, **user))
        link.connect(WILL)
        assert link.is_connected
        bye(link)


# The MQTT library leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_protected_link_needs_the_right_certificates(certificates: Path, tmp_path: Path) -> None:
    ours = Tls(
        ca_file=certificates / "ca.crt",
        certificate_file=certificates / "monitor.crt",
        key_file=certificates / "monitor.key",
    )
    with mosquitto(
        tmp_path,
        "allow_anonymous true",
        "require_certificate true",
        f"cafile {certificates / 'ca.crt'}",
        f"certfile {certificates / 'server.crt'}",
        f"keyfile {certificates / 'server.key'}",
    ) as port:
        link = link_to(access_to(port, tls=ours))
        link.connect(WILL)
        assert link.is_connected
        bye(link)
        with pytest.raises(LinkError, match="client certificate"):
            link_to(access_to(port, tls=Tls(ca_file=certificates / "ca.crt"))).connect(WILL)
        with pytest.raises(LinkError, match="certificate verify failed"):
            link_to(access_to(port, tls=Tls())).connect(WILL)
        with pytest.raises(LinkError, match=r"no answer|cannot connect"):
            link_to(access_to(port)).connect(WILL)


def test_a_missing_certificate_file_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="TLS files for broker"):
        link_to(access_to(1, tls=Tls(ca_file=tmp_path / "nothing")))


def test_what_is_not_acknowledged_comes_again_and_an_old_number_acknowledges_nothing(
    tmp_path: Path,
) -> None:
    with LocalBroker(store=tmp_path) as broker:
        link = link_to(access_to(broker.port))
        link.connect(WILL)
        name = "irm/v1/infa/17/mon/vitals"
        for text in ("first", "second"):
            publish(broker.port, "-t", name, "-q", "1", "-m", text)
        arrivals = link.receive(5.0, 10)
        while len(arrivals) < 2:
            arrivals += link.receive(5.0, 10)
        link.acknowledge(arrivals[:1])
        port = broker.port
        bye(link)
    with LocalBroker(port=port, store=tmp_path):
        link = link_to(access_to(port))
        link.connect(WILL)
        (again,) = link.receive(5.0, 10)
        assert again.raw.payload == b"second"
        old = again._replace(connection=again.connection - 1)
        link.acknowledge([old])
        bye(link)
        link = link_to(access_to(port))
        link.connect(WILL)
        (still,) = link.receive(5.0, 10)
        assert still.raw.payload == b"second"
        link.acknowledge([still])
        bye(link)


def test_it_stamps_marks_what_was_retained_and_keeps_its_own_topics_apart(
    broker: LocalBroker,
) -> None:
    unit = "stamps"
    place = f"irm/v1/{unit}"
    publish(broker.port, "-t", f"{place}/17/mon/birth", "-r", "-m", "{}")
    publish(broker.port, "-t", f"{place}/17/_/alert/al-1", "-r", "-m", "{}")
    link = link_to(access_to(broker.port, client_id=unit), unit)
    link.connect(WILL)
    (birth,) = link.receive(5.0, 10)
    assert birth.raw.retained
    assert birth.raw.received_ms == link._clock.now_ms()
    assert eventually(lambda: len(link._found) > 1)
    # A new connection first says that the broker tells again what it holds.
    assert [one.topic for one in link.found()] == ["", f"{place}/17/_/alert/al-1"]
    assert link.waiting == 0
    bye(link, unit)


def test_everything_published_is_confirmed_and_the_last_word_is_heard(broker: LocalBroker) -> None:
    unit = "said"
    link = link_to(access_to(broker.port, client_id=unit), unit)
    link.connect(WILL)
    with Listener(broker.port, f"irm/v1/{unit}/#") as listener:
        for number in range(300):
            assert eventually(lambda: link.can_publish(is_urgent=True))
            name = f"irm/v1/{unit}/17/_/alert/{number}"
            link.publish(Announcement(topic=name, payload=b"x", qos=1, retain=True))
        assert eventually(lambda: link.outstanding == 0)
        bye(link, unit)
        status = monitor_status_topic(unit)
        assert listener.hears(lambda one: one.standing.get(status) == "bye")
        assert len(listener.standing) == 301


def test_what_is_too_large_for_the_broker_costs_nothing_but_itself(tmp_path: Path) -> None:
    """Mosquitto answers it in a way that ends the connection, at every try anew."""
    limit = f"message_size_limit {PAYLOAD_BYTES_MAX}"
    with mosquitto(tmp_path, "allow_anonymous true", limit) as port:
        link = link_to(access_to(port))
        link.connect(WILL)
        with Listener(port, "irm/v1/infa/#") as listener:
            for bed, size in (("1", PAYLOAD_BYTES_MAX + 1), ("2", PAYLOAD_BYTES_MAX), ("3", 2)):
                name = f"irm/v1/infa/{bed}/_/state"
                link.publish(Announcement(topic=name, payload=b"x" * size, qos=1, retain=True))
            assert listener.hears(lambda one: len(one.standing) == 2)
        assert eventually(lambda: link.outstanding == 0)
        assert (link.window.refused, link.connections, link.is_connected) == (1, 1, True)
        bye(link)


def test_a_link_on_which_anything_comes_is_not_silent(broker: LocalBroker) -> None:
    """Our own heartbeat may be behind all that a broker kept: to begin anew would not help."""
    link = link_to(access_to(broker.port))
    link.connect(WILL)
    link._sign_s -= 60
    assert link.is_silent()
    publish(broker.port, "-t", "irm/v1/infa/1/mon-1/vitals", "-q", "1", "-m", "x")
    assert eventually(lambda: not link.is_silent())
    bye(link)


def test_an_answer_that_comes_behind_what_the_broker_kept_is_waited_for() -> None:
    behind_s, asked = 1.2, threading.Event()

    def serve(listening: socket.socket) -> None:
        end, _ = listening.accept()
        with end:
            end.recv(4_096)
            end.sendall(bytes([0x20, 3, 0, 0, 0]))
            mid = end.recv(4_096)[-1_000:]
            place = mid.index(0x82)
            length = 1 if mid[place + 1] < 128 else 2
            number = mid[place + 1 + length : place + 3 + length]
            name = b"irm/v1/infa/1/mon-1/vitals"
            kept = bytes([0x30, len(name) + 4, 0, len(name)]) + name + b"\0x"
            until_s = time.monotonic() + behind_s
            while time.monotonic() < until_s:
                end.sendall(kept)
                asked.wait(0.1)
            granted = bytes(len(filters("infa", wants_retained=True)))
            end.sendall(bytes([0x90, 3 + len(granted)]) + number + b"\0" + granted)
            while end.recv(4_096):
                pass

    with socket.create_server((HOST, 0)) as listening:
        broker = threading.Thread(target=serve, args=(listening,))
        broker.start()
        access = Access(
            host=HOST, port=listening.getsockname()[1], client_id="m", connect_timeout_s=0.8
        )
        link = link_to(access)
        began_s = time.monotonic()
        link.connect(WILL)
        assert time.monotonic() - began_s > behind_s
        assert link.is_connected
        assert link.waiting > 1
        bye(link)
        broker.join()
