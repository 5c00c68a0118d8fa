"""A way to the broker that can be shut in silence, as by a dead switch, or cut."""

import contextlib
import socket
import threading
from typing import Self

from monitor.adapters.broker import HOST


class Valve:
    """Passes bytes between a port of its own and another one.

    While it is shut nothing passes and nobody is told so. Whoever is cut off is told so, and
    finds nobody until the way is open again.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = threading.Event()
        self._open.set()
        self._is_cut = False
        self._listening = socket.create_server((HOST, 0))
        self._ends: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        self.reopen()
        _shut(self._listening)
        self._threads[0].join()
        for end in list(self._ends):
            _shut(end)
        for thread in self._threads[1:]:
            thread.join()
        self._listening.close()

    def shut(self) -> None:
        """Let nothing pass."""
        self._open.clear()

    def cut(self) -> None:
        """End every connection and begin none."""
        self._is_cut = True
        for end in list(self._ends):
            _shut(end)

    def reopen(self) -> None:
        """Let everything pass, also what has waited."""
        self._is_cut = False
        self._open.set()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._ends.append(client)
                try:
                    server = socket.create_connection((HOST, self._to))
                except OSError:
                    self._let_go(client)
                    continue
                self._ends.append(server)
                if self._is_cut:
                    _shut(client)
                thread = threading.Thread(target=self._carry, args=(client, server), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Pass both ways until one side ends, and keep nothing of it: files are few."""
        back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
        back.start()
        self._pass(client, server)
        back.join()
        self._let_go(client)
        self._let_go(server)

    def _let_go(self, end: socket.socket) -> None:
        _shut(end)
        end.close()
        self._ends.remove(end)

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                self._open.wait()
                sink.sendall(part)
        for end in (source, sink):
            _shut(end)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
