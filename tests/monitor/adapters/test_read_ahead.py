"""Reading ahead hands on what arrives, whole and in order, in whatever pieces."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from monitor.adapters.read_ahead import CHUNK_BYTES, AheadClient, AheadSocket


class Line:
    """A connection on which stated pieces arrive, one a call; then nothing for now, or its end."""

    def __init__(self, pieces: list[bytes], *, has_ended: bool = False) -> None:
        self.pieces, self.has_ended = pieces, has_ended
        self.calls = 0

    def recv(self, buffer_size: int) -> bytes:
        self.calls += 1
        if not self.pieces:
            if self.has_ended:
                return b""
            raise BlockingIOError
        piece = self.pieces.pop(0)
        assert len(piece) <= buffer_size
        return piece

    def send(self, buffer: bytes | bytearray) -> int:
        return len(buffer)

    def close(self) -> None: ...

    def fileno(self) -> int:
        return 7

    def setblocking(self, flag: bool) -> None: ...  # noqa: FBT001 - as that of a socket


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=12),
    st.lists(st.integers(1, 50), min_size=1, max_size=30),
)
def test_all_that_arrives_is_handed_on_in_order(pieces: list[bytes], sizes: list[int]) -> None:
    line = Line(list(pieces))
    ahead, taken, step = AheadSocket(line), b"", 0
    while True:
        try:
            some = ahead.recv(sizes[step % len(sizes)])
        except BlockingIOError:
            break
        assert 0 < len(some) <= sizes[step % len(sizes)]
        taken += some
        step += 1
        # What was read and not handed on is told, so that nobody waits for the system.
        assert ahead.pending() == len(b"".join(pieces)) - len(b"".join(line.pieces)) - len(taken)
    assert taken == b"".join(pieces)
    assert line.calls == len(pieces) + 1


def test_the_end_of_a_connection_is_handed_on_after_everything_that_came() -> None:
    ahead = AheadSocket(Line([b"ab"], has_ended=True))
    assert [ahead.recv(1), ahead.recv(1), ahead.recv(1)] == [b"a", b"b", b""]


def test_a_larger_piece_than_a_chunk_is_asked_for_whole() -> None:
    ahead = AheadSocket(Line([b"x" * (CHUNK_BYTES + 5)]))
    assert len(ahead.recv(CHUNK_BYTES + 10)) == CHUNK_BYTES + 5


def test_what_the_connection_itself_holds_back_is_counted() -> None:
    class Encrypted(Line):
        def pending(self) -> int:
            return 11

    ahead = AheadSocket(Encrypted([b"abc"]))
    assert ahead.pending() == 11
    ahead.recv(1)
    assert ahead.pending() == 13


def test_everything_else_is_that_of_the_connection() -> None:
    here, there = socket.socketpair()
    with there:
        ahead = AheadSocket(here)
        assert ahead.fileno() == here.fileno()
        ahead.setblocking(False)  # noqa: FBT003 - as that of a socket
        with pytest.raises(BlockingIOError):
            ahead.recv(1)
        assert ahead.send(b"abc") == 3
        assert there.recv(10) == b"abc"
        ahead.close()
        assert there.recv(10) == b""


def test_many_packets_are_taken_at_one_look_at_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Answers of a broker to pings are the shortest packets that a client takes without a session.
    line = Line([b"\xd0\x00" * 100])
    client = AheadClient(CallbackAPIVersion.VERSION2)
    monkeypatch.setattr(client, "_create_socket_connection", lambda: line)
    connection = client._create_socket()
    monkeypatch.setattr(client, "_sock", connection)
    assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert isinstance(connection, AheadSocket)
    assert connection.pending() == 0
    assert line.calls == 1
