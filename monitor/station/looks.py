"""Looks back: the history of a bed, events, hand-over, the draft of a note, settings, the audit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from detectors.rulebook import RuleBook
from monitor.adapters.deeds import audit_lines
from monitor.care.notes import reaction_note
from monitor.facts.effects import AnyEffect
from monitor.station.acts import RefusedError
from monitor.station.eras import ERAS_MAX, Era, eras_within, limit_spans
from monitor.station.in_force import age_centi
from monitor.station.past import Past
from monitor.station.retold import centi
from monitor.station.review import EPISODES_MS, FLAGS, bands, event_rows, sheet
from monitor.station.tracks import POINTS_MOST, BedTracks, Point, Tracks, staircase, thinned
from monitor.station.web import Web, answer
from monitor.wire.outbound import AdvicePayload, StatePayload, iso

HOUR_MS: Final = 3_600_000
HOURS_MOST: Final = 24
EVENTS_MOST: Final = 2_000
AUDIT_MOST: Final = 1_000

_ADVICE: Final = msgspec.json.Decoder(AdvicePayload)


class Followed(NamedTuple):
    """What these answers need of a configuration."""

    book: RuleBook
    settings: dict[str, object]
    vocabulary: dict[str, object]


class Looks:
    """The answers about what was, for everybody; the audit for auditors."""

    def __init__(
        self,
        web: Web,
        *,
        tracks: Tracks,
        past: Past,
        eras: Sequence[Era],
        settings: dict[str, object],
        again: Callable[[], Followed | None] = lambda: None,
    ) -> None:
        self.web = web
        self.station = web.station
        self.tracks = tracks
        self.past = past
        self.eras = list(eras)
        self.settings = settings
        self._again, self._missed = again, ""

    def routes(self) -> list[Route]:
        """Return the addresses of these answers."""
        return [
            Route("/api/v1/beds/{bed}/history", self.history),
            Route("/api/v1/beds/{bed}/note", self.note),
            Route("/api/v1/handover", self.handover),
            Route("/api/v1/events", self.events),
            Route("/api/v1/settings", self.in_force),
            Route("/api/v1/audit", self.audit),
        ]

    async def _follow(self) -> None:
        """Read the configuration again once the monitor says that another one is in force.

        Where the folder of this station holds neither, the answers stay as they are, and say so.
        """
        now = self.station.board.configurations.now
        if now in {"", self.settings.get("digest"), self._missed}:
            return
        found = await run_in_threadpool(self._again)
        if found is None or found.settings.get("digest") != now:
            self._missed = now
            return
        self.settings = found.settings
        if self.eras[-1].digest != now:
            era = Era(self.station.board.configurations.since_ms, now, found.book)
            # Without a time it was in force before this station heard of any.
            before = self.eras if era.since_ms is not None else []
            self.eras = [*before, era][-ERAS_MAX:]
        self.station.about = replace(self.station.about, config=now, vocabulary=found.vocabulary)

    async def history(self, request: Request) -> Response:
        """Answer with what is drawn of a bed."""
        await self._follow()
        bed, hours = request.path_params["bed"], hours_of(request, 4)
        now_ms = self.station.board.clock.now_ms()
        since_ms = now_ms - int(hours * HOUR_MS)
        standing = self.station.board.states.get(bed)
        state = standing.payload if standing is not None else None
        tracks = self.tracks.bed(bed) if bed in self.tracks.beds else None
        session = state.session if state is not None and state.session else ""
        session = session or (tracks.session if tracks is not None else "")
        effects = await self._effects(since_ms)
        here = [one for one in effects if one.bed == bed]
        base = _baseline(state)
        return answer(
            {
                "bed": bed,
                "session": session,
                "now_ms": now_ms,
                "from": self.past.origin,
                "series": {
                    name: thinned(track.since(since_ms), POINTS_MOST)
                    for name, track in (tracks.channels.items() if tracks is not None else ())
                },
                "rejected": _rejected(tracks, since_ms),
                "rate": staircase(tracks.rate, since_ms) if tracks is not None else [],
                "base": base,
                "limits": limit_spans(
                    eras_within(self.eras, since_ms, now_ms),
                    {name: centi(value) or 0 for name, value in base.items()},
                    age_centi(state.age if state is not None else ""),
                ),
                "bands": bands(effects, bed, session),
                "flags": [row for row in event_rows(here) if row.kind in FLAGS],
            }
        )

    async def note(self, request: Request) -> Response:
        """Answer with the draft of the note on the session of a bed."""
        bed = request.path_params["bed"]
        standing = self.station.board.states.get(bed)
        session = request.query_params.get("session", "")
        session = session or (standing.payload.session if standing is not None else "")
        effects = await self._effects(0)
        try:
            lines = await run_in_threadpool(reaction_note, effects, session)
        except KeyError:
            return answer({"text": "", "session": session, "from": self.past.origin})
        text = "\n".join([*lines, "", f"Written from {self.past.origin}."])
        return answer({"text": text, "session": session, "from": self.past.origin})

    async def handover(self, _request: Request) -> Response:
        """Answer with what one shift hands to the next, bed by bed."""
        board = self.station.board
        now_ms = board.clock.now_ms()
        effects = await self._effects(now_ms - EPISODES_MS)
        beds = []
        for bed, standing in sorted(board.states.items()):
            alerts = [one for one in board.alerts.values() if one.bed == bed]
            if not standing.payload.session and not alerts:
                continue
            raw = board.advice.get(bed)
            advice = _ADVICE.decode(raw) if raw is not None else None
            beds.append(sheet(bed, standing, alerts, advice, effects=effects, now_ms=now_ms))
        return answer({"t": iso(now_ms), "from": self.past.origin, "beds": beds})

    async def events(self, request: Request) -> Response:
        """Answer with what happened, newest first."""
        asked = request.query_params
        since_ms = self.station.board.clock.now_ms() - int(hours_of(request, 24) * HOUR_MS)
        rows = event_rows(await self._effects(since_ms))
        found = [
            row
            for row in rows
            if asked.get("bed", "") in ("", row.bed) and asked.get("kind", "") in ("", row.kind)
        ]
        newest = found[::-1][:EVENTS_MOST]
        more = len(found) - len(newest)
        return answer({"events": newest, "more": more, "from": self.past.origin})

    async def in_force(self, _request: Request) -> Response:
        """Answer with the settings in force; ``in_force`` is another digest where they are not."""
        await self._follow()
        now = self.station.board.configurations.now
        differs = {"in_force": now} if now not in {"", self.settings.get("digest")} else {}
        return answer({**self.settings, **differs})

    async def audit(self, request: Request) -> Response:
        """Answer an auditor with the newest lines of the audit."""
        person = self.web.person(request)
        if person is None or not person.may("audit"):
            raise RefusedError(403, "only an auditor reads the audit")
        path = self.station.audit.path
        lines = await run_in_threadpool(lambda: list(audit_lines(path))[-AUDIT_MOST:])
        return answer({"lines": lines})

    async def _effects(self, since_ms: int) -> list[AnyEffect]:
        return await run_in_threadpool(self.past.effects, since_ms)


def hours_of(request: Request, otherwise: int) -> float:
    """Return for how many hours somebody asks.

    Raises
    ------
    RefusedError
        If that is no number from 0 to 24.
    """
    text = request.query_params.get("hours", "") or str(otherwise)
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 < hours <= HOURS_MOST:
        raise RefusedError(400, f"hours {text[:20]!r}", "hours", f"0 to {HOURS_MOST}")
    return hours


def _rejected(tracks: BedTracks | None, since_ms: int) -> dict[str, list[Point]]:
    """Return the readings that were not believed, of each channel that has any."""
    if tracks is None:
        return {}
    found = {name: tracks.rejected_since(name, since_ms) for name in tracks.rejected}
    return {name: thinned(points, POINTS_MOST) for name, points in found.items() if points}


def _baseline(state: StatePayload | None) -> dict[str, int | float]:
    if state is None:
        return {}
    return {one.ch: one.base for one in state.channels if one.base is not None}
