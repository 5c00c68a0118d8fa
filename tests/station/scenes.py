"""What a fake station shows: beds, alerts and vocabulary as a monitor publishes them."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

START_MS: Final = 1_795_355_157_000
"""2026-11-22 13:45:57 UTC."""

MINUTE_MS: Final = 60_000
NOTICE: Final = "decision support in simulation; not for clinical use"
PRODUCTS: Final = (
    ("ivig-10", "IVIg 10 %", 30),
    ("ivig-10", "IVIg 10 %", 60),
    ("rituximab", "Rituximab", 90),
    ("infliximab", "Infliximab", 120),
    ("ivig-5", "IVIg 5 %", 180),
    ("ocrelizumab", "Ocrelizumab", 240),
)


def iso(at_ms: int) -> str:
    """Return a time as a stamp of the wire."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def channel(ch: str, v: float, *, age_s: int = 1, **more: object) -> Json:
    """Return a channel of a state, so many seconds old at the start."""
    return {"ch": ch, "v": v, "u": "", "t": iso(START_MS - age_s * 1000), **more}


def state(bed: str, **changes: object) -> Json:
    """Return the state of a calm bed; ``changes`` replace fields."""
    row = sum(map(ord, bed)) + (int(bed) if bed.isdigit() else 0)
    product, _, rate = PRODUCTS[row % len(PRODUCTS)]
    made: Json = {
        "t": iso(START_MS),
        "session": f"S-{row:04d}",
        "subject": f"PX-{(row * 7919) % 65536:04X}",
        "product": product,
        "phase": "infusing",
        "rate": {"v": rate, "u": "mL/h"},
        "grade": 0,
        "pattern": "",
        "baseline": "established",
        "remarks": [],
        "channels": [
            channel("hr", 70 + row % 14, base=72),
            channel("sbp", 118 + row % 17, age_s=140 + row % 90, base=124),
            channel("dbp", 70 + row % 9, age_s=140 + row % 90, base=76),
            channel("spo2", 96 + row % 3, base=97),
            channel("rr", 14 + row % 4, base=15),
            channel("temp", 36.2 + (row % 14) / 10, age_s=300 + row % 400, base=36.8),
        ],
        "alerts": [],
        "steps": [],
        "watch": [],
        "vitals_due": [
            {
                "key": "regular",
                "words": "every 15 min",
                "due": iso(START_MS + (2 + row % 9) * MINUTE_MS + 30_000),
                "state": "next",
            }
        ],
        "wanted": [],
        "step_up": None,
        "proposals": [],
        "notice": NOTICE,
    }
    return made | changes


def with_values(shown: Json, **values: float | None) -> Json:
    """Return a state with other values; None takes a channel away."""
    channels = [
        {**one, "v": values.get(one["ch"], one["v"])}
        for one in shown["channels"]
        if values.get(one["ch"], 0) is not None
    ]
    return {**shown, "channels": channels}


def reason(ch: str, v: float, *, limit: float, base: float | None = None, grade: int = 2) -> Json:
    """Return a row that decided a grade."""
    row: Json = {
        "rule": f"test.{ch}",
        "sign": {"sbp": "hypotension", "hr": "tachycardia", "temp": "fever"}.get(ch, ch),
        "grade": grade,
        "words": f"{ch.upper()} {v} {'<' if v < limit else '>'} {limit}",
        "source": ["engineering"],
        "ch": ch,
        "v": v,
        "limit": limit,
    }
    return row if base is None else row | {"base": base}


def alert(bed: str, priority: str, label: str, *, age_s: int = 72, **changes: object) -> Json:
    """Return an alert that has called for so many seconds; ``changes`` replace fields."""
    at_ms = START_MS - age_s * 1000
    made: Json = {
        "bed": bed,
        "id": f"al-{bed}-1",
        "rev": 1,
        "t": iso(at_ms),
        "session": f"S-{bed}",
        "phase": "start",
        "state": "active",
        "signal": "on",
        "kind": "physiological",
        "priority": priority,
        "cause": "reaction",
        "pattern": "",
        "grade": {"high": 3, "medium": 2, "low": 1}.get(priority),
        "onset": iso(at_ms - 14_000),
        "raised": iso(at_ms),
        "label": label,
        "because": [],
        "books": [],
        "pictures": [],
        "context": {},
        "grade_path": [],
        "acked": None,
        "realert_at": None,
        "config": "0f0f0f",
        "notice": NOTICE,
    }
    return made | changes


def acknowledged(by: str, *, ago_s: int, realert_s: int) -> Json:
    """Return the fields of an alert that somebody has."""
    return {
        "signal": "acknowledged",
        "acked": {"by": by, "t": iso(START_MS - ago_s * 1000)},
        "realert_at": iso(START_MS + realert_s * 1000),
    }


@dataclass(slots=True)
class Scene:
    """What stands in a unit."""

    beds: dict[str, Json] = field(default_factory=dict)
    alerts: dict[str, Json] = field(default_factory=dict)
    condition: str = ""
    status: Json | None = field(
        default_factory=lambda: {"state": "online", "t": iso(START_MS), "software": "0.1.0"}
    )
    vocabulary: Json = field(
        default_factory=lambda: {
            "symptoms": [{"key": "hives", "words": "hives"}],
            "products": [{"key": key, "words": words} for key, words, _ in PRODUCTS],
            "drugs": [],
            "disbeliefs": ["artefact", "known-condition", "treated", "other"],
            "channels": [{"ch": "hr", "u": "/min", "words": "heart rate"}],
        }
    )

    def numbers(self, now_ms: int) -> Json:
        """Return the running values of every bed that is heard, a little moved by time."""
        told: Json = {}
        for number, (bed, shown) in enumerate(self.beds.items()):
            rows = {}
            for one in shown["channels"]:
                if one["ch"] in {"hr", "spo2", "rr"} and not one.get("stale"):
                    rows[one["ch"]] = [one["v"], now_ms - 200, 0, one.get("base")]
            if rows and number % 3 == (now_ms // 1000) % 3:
                told[bed] = rows
        return told

    def history(self, bed: str, now_ms: int) -> Json:
        """Return the last hour of a bed."""
        now: dict[str, float] = {one["ch"]: one["v"] for one in self.beds[bed]["channels"]}
        falls = any(one["bed"] == bed and one["priority"] == "high" for one in self.alerts.values())
        minutes = range(60)

        def values(ch: str, every: int) -> list[list[float]]:
            end, base = now.get(ch, 0.0), {"hr": 76.0, "sbp": 124.0, "spo2": 97.0}[ch]
            part = [max(0.0, (one - 48) / 12) if falls else one / 60 for one in minutes]
            return [
                [
                    now_ms - (60 - one) * MINUTE_MS,
                    base + (end - base) * part[one] + math.sin(one * 1.7),
                ]
                for one in minutes
                if one % every == 0
            ]

        rate = (self.beds[bed]["rate"] or {"v": 0})["v"]
        steps = [
            [now_ms - (60 - one) * MINUTE_MS, rate * share]
            for one, share in ((0, 0.25), (18, 0.5), (36, 1))
        ]
        if falls:
            steps.append([now_ms - 2 * MINUTE_MS, 0])
        series = {"hr": values("hr", 1), "sbp": values("sbp", 5), "spo2": values("spo2", 1)}
        return {
            "bed": bed,
            "session": self.beds[bed]["session"],
            "now_ms": now_ms,
            "series": series,
            "rate": steps,
        }


def calm_scene(beds: int) -> Scene:
    """Return beds at which nothing happens."""
    return Scene(beds={str(one): state(str(one)) for one in range(1, beds + 1)})


def _silent(shown: Json, age_s: int, *names: str) -> Json:
    channels = [
        {**one, "stale": True, "t": iso(START_MS - age_s * 1000)} if one["ch"] in names else one
        for one in shown["channels"]
    ]
    return {**shown, "channels": channels}


def _late(minutes: int, *missing: str, words: str = "late") -> list[Json]:
    due = iso(START_MS - minutes * MINUTE_MS - 20_000)
    return [
        {
            "key": "regular",
            "words": "every 15 min",
            "due": due,
            "state": words,
            "missing": list(missing),
        }
    ]


PLACES: Final = {
    "high": 17,
    "medium": 5,
    "low": 29,
    "probe": 10,
    "silent": 34,
    "had": 42,
    "itch": 53,
    "late": 23,
    "fresh": 12,
    "latched": 8,
    "paused": 40,
}
"""Which bed shows what, where there are beds enough."""


def _reactions(at: dict[str, str]) -> list[Json]:
    """Return the alerts that call because of a person."""
    return [
        alert(
            at["high"],
            "high",
            "SBP 84 < 90, -32 % from 124; HR 128, +46 from 82",
            pattern="anaphylaxis",
            because=[reason("sbp", 84, limit=90, grade=3), reason("hr", 128, limit=30, base=82)],
            context={"min_since_rate_change": 6, "rate": {"v": 0, "u": "mL/h"}},
        ),
        alert(
            at["medium"],
            "medium",
            "HR 121, +34 from 87; chills",
            age_s=40,
            pattern="rate-related",
            because=[reason("hr", 121, limit=30, base=87)],
            context={"min_since_rate_change": 6, "rate": {"v": 180, "u": "mL/h"}},
        ),
        alert(
            at["low"],
            "low",
            "SBP 152, +24 from 128",
            age_s=130,
            because=[reason("sbp", 152, limit=20, base=128, grade=1)],
        ),
        alert(
            at["latched"],
            "high",
            "SBP 86 < 90",
            age_s=300,
            state="ended",
            signal="latched",
            because=[reason("sbp", 86, limit=90, grade=3)],
        ),
    ]


def _quiet_and_technical(at: dict[str, str]) -> list[Json]:
    """Return the alerts that somebody has, one whose tone is paused, and the technical ones."""
    itch = {
        "rule": "symptom.itch",
        "sign": "itch",
        "grade": 1,
        "words": "itch",
        "symptom": "itching",
    }
    technical: Json = {"kind": "technical", "grade": None}
    probe = "SpO2 probe off: the device reports no value"
    silent = "no data: every channel is silent"
    return [
        alert(at["probe"], "low", probe, age_s=55, cause="absent:spo2", **technical),
        alert(at["silent"], "medium", silent, age_s=47, cause="no-data", **technical),
        alert(
            at["had"],
            "medium",
            "Temp 38.6, +1.7 from 36.9",
            age_s=460,
            pattern="febrile",
            because=[reason("temp", 38.6, limit=1, base=36.9)],
            **acknowledged("nurse-2", ago_s=340, realert_s=540),
        ),
        alert(
            at["itch"],
            "low",
            "itching (mild)",
            age_s=700,
            because=[itch],
            **acknowledged("nurse-3", ago_s=600, realert_s=900),
        ),
        alert(
            at["paused"],
            "medium",
            "HR 118, +32 from 86",
            age_s=200,
            signal="audio-paused",
            quiet_until=iso(START_MS + 80_000),
            because=[reason("hr", 118, limit=30, base=86)],
        ),
    ]


def ward_scene(beds: int) -> Scene:
    """Return a ward in which everything happens that a tile can show; it needs eleven beds."""
    scene = calm_scene(beds)
    place = PLACES
    if beds < max(PLACES.values()):
        place = {name: number % beds + 1 for number, name in enumerate(PLACES)}
    at = {name: str(bed) for name, bed in place.items()}
    told = _reactions(at) + _quiet_and_technical(at)
    scene.alerts = {one["id"]: one for one in told}

    def change(name: str, fields: Json | None = None, **values: float | None) -> None:
        bed = at[name]
        scene.beds[bed] = with_values(scene.beds[bed], **values) | (fields or {})

    stopped = {"phase": "stopped", "rate": {"v": 0, "u": "mL/h"}}
    falls = {"hr": 128, "sbp": 84, "dbp": 47, "spo2": 91, "temp": 37.4}
    change("high", {"grade": 3, "pattern": "anaphylaxis", **stopped}, **falls)
    change("medium", {"grade": 2, "phase": "slowed"}, hr=121)
    change("low", {"grade": 1}, sbp=152, dbp=91)
    change("probe", spo2=None)
    change("had", {"grade": 2}, temp=38.6)
    change("late", {"vitals_due": _late(4, "sbp", "dbp", "temp")})
    change("fresh", {"baseline": "absent", "phase": "baseline"})
    silent = _silent(scene.beds[at["silent"]], 107, "hr", "sbp", "dbp", "spo2", "rr", "temp")
    scene.beds[at["silent"]] = silent | {"grade": None}
    return scene
