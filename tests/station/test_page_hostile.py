"""Whatever comes over the wire is text: markup and script in every field are shown, never run."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from station.fake_station import FakeStation, Json
from station.scenes import Scene, alert, calm_scene, ward_scene

Serve = Callable[..., FakeStation]
OpenPage = Callable[..., Page]

EVIL = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
WORDS = frozenset(
    {
        "t",
        "due",
        "onset",
        "raised",
        "signal",
        "state",
        "kind",
        "priority",
        "key",
        "ch",
        "id",
        "phase",
    }
    | {"session", "realert_at", "quiet_until", "product"}
)
"""Fields that are times, closed sets of words or names that tie things together."""


def poisoned(value: object, *, also: frozenset[str] = frozenset()) -> object:
    """Return a payload with markup in every free text, and in the fields that are named too."""
    if isinstance(value, dict):
        return {
            key: each
            if isinstance(each, str) and key in WORDS - also
            else poisoned(each, also=also)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [poisoned(each, also=also) for each in value]
    return EVIL if isinstance(value, str) else value


def hacked(page: Page) -> bool:
    """Tell whether any script of a payload ran, or any of its markup became an element."""
    made = page.locator("img, #grid script, #feed script, #header script, iframe").count()
    return bool(made) or page.evaluate("window.hacked") is not None


def poisoned_scene(also: frozenset[str] = frozenset()) -> Scene:
    """Return a ward full of markup."""
    calm = ward_scene(60)
    scene = calm_scene(0)

    def dirty(value: Json) -> Json:
        made = poisoned(value, also=also)
        assert isinstance(made, dict)
        return made

    scene.beds = {bed: dirty(shown) for bed, shown in calm.beds.items()}
    scene.alerts = {
        name: {**dirty(one), "bed": one["bed"], "id": name} for name, one in calm.alerts.items()
    }
    scene.vocabulary = dirty(calm.vocabulary)
    scene.condition = EVIL
    return scene


def test_markup_in_every_text_is_shown_as_text(serve: Serve, open_page: OpenPage) -> None:
    station = serve(poisoned_scene(), person=EVIL)
    page = open_page(station)
    expect(page.locator(".alert .words").first).to_have_text(EVIL)
    expect(page.locator(".tile .subject").first).to_have_text(EVIL)
    expect(page.locator("#strip")).to_have_text(EVIL)
    expect(page.locator("#header").get_by_role("button", name=EVIL)).to_have_count(1)
    station.tell("call", {"bed": "17", "alert": "al-17-1", "to": EVIL, "by": EVIL})
    expect(page.locator('.alert[data-alert="al-17-1"]')).to_contain_text(f"told {EVIL}")
    assert not hacked(page)


def test_markup_where_the_page_expects_a_word_harms_nothing(
    serve: Serve, open_page: OpenPage
) -> None:
    station = serve(poisoned_scene(WORDS))
    page = open_page(station)
    expect(page.locator(".tile")).to_have_count(60)
    expect(page.locator(".alert")).to_have_count(9)
    assert not hacked(page)


@pytest.mark.parametrize("bed", [EVIL, "javascript:window.hacked=1", "__proto__", "../../x", '"]'])
def test_a_bed_may_have_any_name(serve: Serve, open_page: OpenPage, bed: str) -> None:
    scene = calm_scene(1)
    scene.beds = {"7": scene.beds["1"]}
    station = serve(scene)
    page = open_page(station)
    station.tell("bed", {"bed": bed, "state": scene.beds["7"]})
    station.tell_alert(alert(bed, "high", "SBP 84 < 90", id="odd"))
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".bed-link")).to_have_text(f"Bed {bed}")
    page.locator(".bed-link").click()
    assert page.url.startswith(station.url)
    assert not hacked(page)


def test_an_answer_that_is_no_json_is_no_event(serve: Serve, open_page: OpenPage) -> None:
    station = serve(calm_scene(2))
    page = open_page(station)
    with station._lock:
        for stream in station._queues:
            stream.put(b"event: alert\ndata: {torn\n\n")
            stream.put(b"event: bed\ndata: null\n\n")
            stream.put(b'event: v\ndata: {"beds": {"1": {"hr": null}}}\n\n')
            stream.put(b'event: v\ndata: {"beds": {"no-such-bed": {"hr": [1, 2, 0, null]}}}\n\n')
    station.tell_alert(alert("2", "high", "SBP 84 < 90"))
    expect(page.locator(".bed-link")).to_have_text("Bed 2")
