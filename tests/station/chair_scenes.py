"""One chair in anaphylaxis, as a monitor publishes it, and a fake station that answers its acts."""

import math
from typing import Any, Final

import msgspec
from playwright.sync_api import Page, Route
from station.fake_station import FakeStation
from station.scenes import MINUTE_MS, NOTICE, START_MS, Json, Scene, alert, calm_scene, iso

from monitor.wire.outbound import AdvicePayload, AlertPayload, StatePayload
from monitor.wire.payloads import (
    ActPayload,
    ConditionPayload,
    HandVitalsPayload,
    Payload,
    PumpPayload,
    SessionPayload,
    SymptomPayload,
)

BED: Final = "17"
SESSION: Final = "S-0412"
SYMPTOMS: Final = ("hives", "itch", "flushing", "wheeze", "stridor", "chills", "chest-pain")
UNITS: Final = (
    ("hr", "/min"),
    ("sbp", "mm[Hg]"),
    ("dbp", "mm[Hg]"),
    ("map", "mm[Hg]"),
    ("temp", "Cel"),
    ("spo2", "%"),
    ("rr", "/min"),
)


def at(minutes: float) -> str:
    """Return a stamp so many minutes after the start of the fake clock."""
    return iso(START_MS + int(minutes * MINUTE_MS))


CHANNELS: Final = (
    {"ch": "hr", "v": 128, "u": "/min", "t": at(-0.02), "base": 82},
    {"ch": "sbp", "v": 84, "u": "mm[Hg]", "t": at(-1.2), "base": 124},
    {"ch": "dbp", "v": 47, "u": "mm[Hg]", "t": at(-1.2), "base": 76},
    {"ch": "map", "v": 59, "u": "mm[Hg]", "t": at(-1.2), "base": 92},
    {"ch": "spo2", "v": 91, "u": "%", "t": at(-0.02), "base": 97},
    {"ch": "rr", "v": 26, "u": "/min", "t": at(-0.05)},
    {"ch": "temp", "v": 37.4, "u": "Cel", "t": at(-6), "base": 36.8, "stale": True},
)


WATCH: Final[Json] = {
    "key": "biphasic",
    "words": "return of the reaction after epinephrine",
    "until": at(356),
    "holds": "stay",
    "source": ["biphasic-review"],
}


def chair_state(**changes: Any) -> Json:  # noqa: ANN401  # any field of a state
    """Return the state of the chair, checked against the payload that a monitor publishes."""
    made: Json = {
        "t": at(0),
        "session": SESSION,
        "subject": "PX-290F",
        "product": "ivig-10",
        "phase": "infusing",
        "rate": {"v": 120, "u": "mL/h"},
        "grade": 3,
        "pattern": "anaphylaxis",
        "baseline": "established",
        "remarks": ["febrile at baseline"],
        "channels": [dict(one) for one in CHANNELS],
        "alerts": [],
        "steps": [],
        "watch": [dict(WATCH)],
        "vitals_due": [
            {
                "key": "regular",
                "words": "every hour",
                "due": at(-3),
                "state": "late",
                "missing": ["temp"],
            }
        ],
        "wanted": ["sbp"],
        "step_up": {
            "rate": {"v": 168, "u": "mL/h"},
            "due": at(4.5),
            "ready": False,
            "reasons": ["5 min more at this rate", "grade 3"],
        },
        "proposals": [],
        "notice": NOTICE,
        "started": at(-71),
        "rate_changed": at(-26),
        "age": "64",
        "weight": {"v": 71, "u": "kg"},
        "first_dose": True,
        "dose_number": 1,
        "doses": 6,
        "volume": {
            "t": at(-1),
            "by": "pump",
            "infused": {"v": 84.5, "u": "mL"},
            "left": {"v": 265.5, "u": "mL"},
        },
        "symptoms": [{"symptom": "hives", "severity": "moderate", "since": at(-6)}],
        "devices": [{"device": "mon-17", "state": "online"}],
        "untold": [{"what": "tachycardia of grade 1", "reason": "waits for a repeat"}],
    }
    made |= changes
    msgspec.convert(made, StatePayload)
    return made


PICTURE: Final[Json] = {
    "pattern": "anaphylaxis",
    "points": 70,
    "leads": True,
    "clues": [
        {"words": "skin signs", "kind": "seen", "points": 30},
        {"words": "no fever", "kind": "course", "points": -5},
    ],
    "lacking": ["diastolic pressure has fallen too"],
}


def chair_alert(**changes: Any) -> Json:  # noqa: ANN401  # any field of an alert
    """Return the alert of the chair with everything that a why-card can show."""
    made = alert(
        BED,
        "high",
        "SBP 84 < 90, -32 %; wheeze",
        session=SESSION,
        rev=4,
        pattern="anaphylaxis",
        reason="it got worse",
        config="sha256:9c1f",
        because=[
            {
                "rule": "who-2020.sbp.abs.3",
                "sign": "hypotension",
                "grade": 3,
                "words": "SBP 84 mmHg is below 90",
                "source": ["V69-A"],
                "ch": "sbp",
                "v": 84,
                "u": "mm[Hg]",
                "limit": 90,
                "base": 124,
                "noise": 3.5,
                "margin": 6,
                "clears_at": 95,
                "t": at(-1.2),
            }
        ],
        books=[
            {"book": "ctcae-v6", "says": "undefined"},
            {"book": "news2", "says": "yes", "signs": ["hr"], "points": 5, "at_least": True},
            {"book": "nhsn-isbt", "says": "no"},
        ],
        pictures=[dict(PICTURE)],
        excursions=[
            {"what": "sbp", "words": "SBP 84: -40 mmHg (-32 %) from the baseline"},
            {"what": "shock_index", "words": "shock index (HR over SBP) 1.33", "v": 1.33},
        ],
        persistence=[
            {
                "sign": "hypotension",
                "grade": 3,
                "confirmed": True,
                "persist_s": 30,
                "clear_s": 60,
                "readings": 2,
                "since": at(-1.4),
            }
        ],
        grade_path=[{"t": at(-3), "grade": 2}, {"t": at(-1), "grade": 3}],
    )
    made |= changes
    msgspec.convert(made, AlertPayload)
    return made


def step(key: str, words: str, state: str = "offered", **more: Any) -> Json:  # noqa: ANN401  # any field
    """Return one step of an advice."""
    made = {"key": key, "words": words, "who": "nurse", "source": ["rcuk-2021"], "state": state}
    return {**made, **more}


STEPS: Final = (
    step("stop", "Stop the infusion", "done", by="nurse-1", t=at(-4.8)),
    step("epinephrine", "Consider epinephrine IM at once", dose="0.5 mg IM into the outer thigh"),
    step("rapid-response", "Call the rapid response team", because="anaphylaxis"),
    step("flat", "Lay flat with raised legs", "started", by="nurse-2", t=at(-1)),
    step("fluids", "Give a fast bolus of saline", dose="1420 mL of 0.9 % saline IV"),
    step("antihistamine", "Consider an antihistamine", "declined", by="dr-1", reason="not now"),
    step("glucagon", "Consider glucagon", "not-possible", by="dr-1", reason="none here"),
    step("bronchodilator", "Consider an inhaled bronchodilator", dose=""),
)
RUNGS: Final[Json] = {
    "stop": {"kind": "stop"},
    "epinephrine": {
        "kind": "drug",
        "drug": "epinephrine",
        "repeat_s": 300,
        "repeat_by_s": 300,
    },
    "rapid-response": {"kind": "call"},
    "antihistamine": {"kind": "drug", "drug": "antihistamine", "adjunct": True},
    "glucagon": {"kind": "drug", "drug": "glucagon", "adjunct": True},
    "bronchodilator": {"kind": "drug", "drug": "bronchodilator", "adjunct": True},
}


def chair_advice(**changes: Any) -> Json:  # noqa: ANN401  # any field of an advice
    """Return what is advised at the chair: every state of a step is there."""
    made: Json = {
        "id": "ad-17-3",
        "rev": 2,
        "t": at(-0.5),
        "session": SESSION,
        "alert": "al-17-1",
        "ladder": "anaphylaxis",
        "pattern": "anaphylaxis",
        "grade": 3,
        "steps": list(STEPS),
        "reason": "grade rose to 3",
        "plan": "stopped",
        "end": "the reaction is severe",
        "notice": NOTICE,
    }
    made |= changes
    msgspec.convert(made, AdvicePayload)
    return {"bed": BED, **made}


class ChairScene(Scene):
    """A ward whose chair has a whole history."""

    flags = 14

    def history(self, bed: str, now_ms: int) -> Json:
        """Return the history of the chair, and of other beds what a ward has."""
        return chair_history(now_ms, self.flags) if bed == BED else super().history(bed, now_ms)


def chair_scene(**changes: Any) -> ChairScene:  # noqa: ANN401  # any field of the state
    """Return a calm ward in which one chair reacts."""
    scene = ChairScene(beds=calm_scene(4).beds)
    scene.beds[BED] = chair_state(**changes)
    scene.alerts = {"al-17-1": chair_alert()}
    scene.vocabulary |= {
        "symptoms": [{"key": key, "words": key.replace("-", " ")} for key in SYMPTOMS],
        "channels": [{"ch": ch, "u": unit, "words": ch} for ch, unit in UNITS],
        "drugs": [{"key": "cetirizine", "words": "cetirizine"}],
        "steps": {"anaphylaxis": RUNGS},
    }
    return scene


class ChairStation(FakeStation):
    """A fake station with advice, which the acts on steps change."""

    def __init__(self, scene: Scene | None = None, **more: Any) -> None:  # noqa: ANN401  # options of the base
        super().__init__(chair_scene() if scene is None else scene, **more)
        self.advice: Json = {BED: chair_advice()}

    def hello(self) -> Json:
        """Return the whole picture, with the steps."""
        return {**super().hello(), "advice": self.advice}

    def act(self, body: Json) -> tuple[int, Json]:
        """Take an act; a step takes the state that was told."""
        answered = super().act(body)
        payload = body["payload"]
        if payload.get("act") == "step" and self.answer is None:
            advice = self.advice[body["bed"]]
            steps = [self._taken(one, payload) for one in advice["steps"]]
            self.advice[body["bed"]] = {**advice, "rev": advice["rev"] + 1, "steps": steps}
            self.tell("advice", self.advice[body["bed"]])
        return answered

    def _taken(self, one: Json, payload: Json) -> Json:
        if one["key"] != payload["step"]:
            return one
        dose = payload.get("dose")
        return {
            **one,
            "state": payload["status"],
            "by": self.person,
            "t": iso(self.now_ms()),
            **({"given": f"{dose['v']} {dose['u']}"} if dose else {}),
            **({"reason": payload["reason"]} if "reason" in payload else {}),
        }


TYPES: Final[dict[str, tuple[type[Payload], ...]]] = {
    "act": (ActPayload,),
    "session": (SessionPayload,),
    "pump": (PumpPayload,),
    "obs": (SymptomPayload, HandVitalsPayload, ConditionPayload),
}


def wire_payload(body: Json) -> Payload:
    """Return what an act becomes on the wire, with what a server adds; fails if it is none."""
    payload = body["payload"]
    assert "by" not in payload
    added: Json = {"t": iso(START_MS), "by": "nurse-1"}
    if body["kind"] == "pump":
        added = {"t": iso(START_MS), "seq": 1}
    elif body["kind"] == "act":
        added |= {"id": body["id"], "role": "nurse", "via": "station-1"}
    else:
        added |= {"id": SESSION if body["kind"] == "session" else body["id"]}
    kinds = TYPES[body["kind"]]
    if body["kind"] == "obs":
        kinds = tuple(
            one
            for one, name in zip(kinds, ("symptom", "values", "condition"), strict=True)
            if name in payload
        )
    (kind,) = kinds
    for name in payload:
        assert name in kind.__struct_fields__, f"{name} is no field of {kind.__name__}"
    return msgspec.convert({**added, **payload}, kind)


def chair_history(now_ms: int, flags: int = 14) -> Json:
    """Return a history: an hour of calm, then ten minutes of a reaction with many events."""
    series: dict[str, list[list[float]]] = {name: [] for name, _ in UNITS if name != "map"}
    for quarter in range(-4 * 70, 1):
        minute = quarter / 4
        t = START_MS + int(minute * MINUTE_MS)
        part = min(1.0, max(0.0, (minute + 10) / 8))
        series["hr"].append([t, round(82 + 46 * part + 2 * math.sin(quarter))])
        series["spo2"].append([t, round(97 - 6 * part)])
        series["rr"].append([t, round(16 + 10 * part)])
        if quarter % (8 if part else 60) == 0:
            series["sbp"].append([t, round(124 - 40 * part)])
            series["dbp"].append([t, round(76 - 29 * part)])
        if quarter % 120 == 0:
            series["temp"].append([t, 36.8])
    kinds = ("symptom", "act", "alert", "dose", "stop", "vitals")
    made = [
        {
            "t_ms": START_MS - 9 * MINUTE_MS + one * 500_000 // flags,
            "kind": kinds[one % len(kinds)],
            "words": f"event {one}",
            "by": "nurse-1",
        }
        for one in range(flags)
    ]
    start = {"t_ms": START_MS - 69 * MINUTE_MS, "kind": "start", "words": "Infusion started"}
    return {
        "bed": BED,
        "session": SESSION,
        "now_ms": now_ms,
        "series": series,
        "rate": [[START_MS - 69 * MINUTE_MS, 60], [START_MS - 30 * MINUTE_MS, 120]],
        "base": {"hr": 82, "sbp": 124, "spo2": 97, "rr": 16, "temp": 36.8},
        "limits": {
            "hr": [["above", 112, "above"]],
            "sbp": [["below", 90, "below"], ["fall of 30 %", 87, "below"]],
            "spo2": [["below", 92, "below"]],
        },
        "bands": [
            {
                "from_ms": START_MS - 8 * MINUTE_MS,
                "to_ms": START_MS - 5 * MINUTE_MS,
                "grade": 2,
                "alert": "al-17-1",
            },
            {"from_ms": START_MS - 5 * MINUTE_MS, "to_ms": None, "grade": 3, "alert": "al-17-1"},
        ],
        "flags": [start, *made],
    }


def answer_with(page: Page, path: str, body: Json, status: int = 200) -> None:
    """Let a page get this from an address that the fake station does not have."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, json=body)

    page.route(f"**/api/v1/{path}", answer)
