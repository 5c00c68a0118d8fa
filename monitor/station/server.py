"""The server: not open to a network without a way to know people; it ends in time."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette

from monitor.adapters.access import Access
from monitor.adapters.clock import SteadyClock
from monitor.adapters.deeds import Audit
from monitor.adapters.feed import Feed
from monitor.adapters.logbook import log
from monitor.adapters.succession import boot_name
from monitor.settings.settings import ConfigError, Settings, load_settings
from monitor.station.acts import Desk
from monitor.station.board import KINDS, Board, UnitClock
from monitor.station.doors import Allowance, Cookies, Doors
from monitor.station.eras import Era, eras_of_journal
from monitor.station.exposure import HttpOptions, StationError, StationOptions, check_exposure
from monitor.station.in_force import settings_in_force
from monitor.station.journal_tracks import configurations_of_journal, tracks_of_journal
from monitor.station.looks import Followed, Looks
from monitor.station.metrics import Counts
from monitor.station.news import Newsroom
from monitor.station.pages import Pages
from monitor.station.past import HeardPast, LedgerPast, Past
from monitor.station.people import Users
from monitor.station.refusals import Refusals
from monitor.station.screens import Screens
from monitor.station.station import LOG, About, Limits, Rememberer, Station
from monitor.station.tracks import Tracks
from monitor.station.vocabulary import vocabulary
from monitor.station.web import Web, application
from monitor.wire.outbound import iso

STOP_WITHIN_S: Final = 3
MINUTE_S: Final = 60.0
CONNECTIONS_MAX: Final = 2_000


def new_station(
    options: StationOptions, settings: Settings, feed: Feed, memories: Sequence[Rememberer]
) -> Station:
    """Return a station that has not begun to work."""
    clock, seconds = SteadyClock(), time.monotonic
    boot = boot_name(clock.now_ms(), os.getpid())
    audit = Audit(options.audit, clock.now_ms)
    board = Board(options.unit, UnitClock(clock.now_ms, seconds))
    return Station(
        about=About(
            unit=options.unit,
            software=options.software,
            config=settings.digest,
            vocabulary=vocabulary(settings),
        ),
        line=feed,
        board=board,
        newsroom=Newsroom(boot),
        desk=Desk(
            board=board,
            device=options.device,
            boot=boot,
            symptoms=frozenset(row.name for row in settings.ward.symptoms),
        ),
        doors=Doors(
            users=Users(options.users) if options.users is not None else None,
            proxy=options.proxy,
            cookies=Cookies(seconds),
        ),
        audit=audit,
        refusals=Refusals(audit, seconds),
        limits=Limits(
            login=Allowance(5, MINUTE_S, seconds),
            act=Allowance(30, MINUTE_S, seconds),
            post=Allowance(60, MINUTE_S, seconds),
        ),
        counts=Counts(),
        screens=Screens(seconds),
        memories=memories,
    )


class Server(uvicorn.Server):
    """uvicorn with an end of its own: it would wait for streams, and die of the signal again."""

    def __init__(self, config: uvicorn.Config, station: Station) -> None:
        super().__init__(config)
        self.station = station
        self.heard: list[int] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave on SIGTERM and SIGINT; a second signal ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def leave(number: int, _frame: FrameType | None) -> None:
            self.heard.append(number)
            signal.signal(number, signal.SIG_DFL)
            loop.call_soon_threadsafe(self.leave)

        ours = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, leave) for number in ours}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def leave(self) -> None:
        """End the streams and then the server; to be called in its own loop."""
        self.station.stopping.set()
        self.should_exit = True


def serve(options: StationOptions, settings: Settings, access: Access) -> bool:
    """Serve until SIGTERM or SIGINT; True if it was SIGINT.

    Raises
    ------
    StationError
        If the station may not be started as asked, or the address is taken.
    LinkError
        If the broker cannot be reached.
    """
    check_exposure(options)
    feed = Feed(access, unit=options.unit, kinds=KINDS)
    past, tracks = remembered(options.journal)
    station = new_station(options, settings, feed, (past, tracks))
    if options.journal is not None:
        station.board.configurations.began.update(configurations_of_journal(options.journal))
    web = Web(station, is_secure=options.http.places().is_secure)
    known = Era(None, settings.digest, settings.ward.detection.book)
    journal = options.journal
    looks = Looks(
        web,
        tracks=tracks,
        past=past,
        eras=(known,) if journal is None else eras_of_journal(journal, options.config, known),
        settings=settings_in_force(settings, options.config),
        again=lambda: read_again(options.config, station.audit),
    )
    http = options.http
    listening = bound(http.host, http.port)
    station.audit.add(what="station-started", via="command", new=settings.digest)
    feed.connect()
    try:
        app = application(web, http.places(), Pages(), *looks.routes())
        server = Server(how_to_serve(app, http), station)
        server.run(sockets=[listening])
        return signal.SIGINT in server.heard
    finally:
        feed.close()
        listening.close()


def read_again(folder: Path, audit: Audit) -> Followed | None:
    """Return what a folder holds now; None if it cannot be read, or not yet as a whole."""
    try:
        settings = load_settings(folder)
    except ConfigError as fault:
        log(LOG, logging.WARNING, "configuration-unreadable", reason=str(fault))
        return None
    audit.add(what="configuration-read", via="folder", new=settings.digest)
    return Followed(
        book=settings.ward.detection.book,
        settings=settings_in_force(settings, folder),
        vocabulary=vocabulary(settings),
    )


def how_to_serve(app: Starlette, http: HttpOptions) -> uvicorn.Config:
    """Return how an application is served: with bounds, without a log of requests, TLS if asked."""
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=16_384,
        ssl_certfile=http.certificate,
        ssl_keyfile=http.key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


def remembered(journal: Path | None) -> tuple[Past, Tracks]:
    """Return what is known of the past: from a journal, or from now on."""
    if journal is None:
        return HeardPast(iso(SteadyClock().now_ms())), Tracks()
    began_s = time.monotonic()
    tracks = tracks_of_journal(journal)
    took_s = round(time.monotonic() - began_s, 2)
    log(LOG, logging.INFO, "journal-read", beds=len(tracks.beds), took_s=took_s)
    return LedgerPast(journal), tracks


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises
    ------
    StationError
        If the address is taken or does not exist here.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as fault:
        raise StationError(f"--http {host}:{port}: {fault.strerror or fault}") from fault
