"""One set of promises for every store: memory, SQLite, and a real InfluxDB."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.series.influx import InfluxAddress, InfluxStore, token_from
from monitor.series.points import Point, point
from monitor.series.stores import MemoryStore, SeriesError, SeriesStore, SqliteStore
from scripts.influx_server import Script, proxy

T_NS = 1_795_000_000_000_000_000
ALL = {"from_ns": 0, "to_ns": 2 * T_NS}


@pytest.fixture(params=["memory", "sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SeriesStore]:
    made: SeriesStore
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SqliteStore(tmp_path / "series.sqlite")
    else:
        url, _ = request.getfixturevalue("influx_url")
        made = InfluxStore(InfluxAddress(url=url, bucket="irm"))
    yield made
    made.close()


def beat(at: int, bed: str = "7", **fields: float | str) -> Point:
    return point("vitals", T_NS + at, {"unit": "demo", "bed": bed}, fields)


def test_what_was_kept_is_found_by_time_and_tag(store: SeriesStore) -> None:
    given = [beat(3, hr=80.0), beat(1, hr=81.5, note='a "b" \\ c, d=e'), beat(2, "8", hr=60.0)]
    assert store.write(given).verdict == "kept"
    found = list(store.rows("vitals", {"unit": "demo", "bed": "7"}, **ALL))
    assert found == [
        (T_NS + 1, {"hr": 81.5, "note": 'a "b" \\ c, d=e'}),
        (T_NS + 3, {"hr": 80.0}),
    ]
    assert [t for t, _ in store.rows("vitals", {"unit": "demo"}, **ALL)] == [
        T_NS + 1,
        T_NS + 2,
        T_NS + 3,
    ]


def test_the_end_of_a_time_is_not_part_of_it(store: SeriesStore) -> None:
    store.write([beat(1, hr=80.0), beat(2, hr=81.0), beat(3, hr=82.0)])
    found = store.rows("vitals", {"bed": "7"}, from_ns=T_NS + 2, to_ns=T_NS + 3)
    assert list(found) == [(T_NS + 2, {"hr": 81.0})]


def test_a_point_that_is_sent_twice_is_there_once_and_the_second_word_counts(
    store: SeriesStore,
) -> None:
    store.write([beat(1, hr=80.0, spo2=97.0)])
    assert store.write([beat(1, hr=82.0)]).verdict == "kept"
    assert list(store.rows("vitals", {"bed": "7"}, **ALL)) == [
        (T_NS + 1, {"hr": 82.0, "spo2": 97.0})
    ]


def test_a_point_of_another_type_is_not_taken_and_the_others_are(store: SeriesStore) -> None:
    store.write([beat(1, hr=80.0)])
    answer = store.write([beat(2, hr="eighty"), beat(3, hr=82.0)])
    assert answer.verdict == "partly"
    assert "hr" in answer.words
    assert [t for t, _ in store.rows("vitals", {"bed": "7"}, **ALL)] == [T_NS + 1, T_NS + 3]


def test_nothing_is_found_where_nothing_is(store: SeriesStore) -> None:
    assert list(store.rows("vitals", {"bed": "7"}, **ALL)) == []
    assert store.write([]).verdict == "kept"


def test_many_rows_of_one_time_come_whole(
    store: SeriesStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.series.influx.ROWS_PER_QUERY", 3)
    beds = [str(number) for number in range(5)]
    store.write([beat(1, bed, hr=70.0) for bed in beds] + [beat(2, "9", hr=71.0)])
    assert len(list(store.rows("vitals", {"unit": "demo"}, **ALL))) == 6


def test_a_file_keeps_what_a_process_that_ended_wrote(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "series")
    first.write([beat(1, hr=80.0)])
    first.close()
    again = SqliteStore(tmp_path / "series")
    assert list(again.rows("vitals", {"bed": "7"}, **ALL)) == [(T_NS + 1, {"hr": 80.0})]
    assert again.write([beat(2, hr="eighty")]).verdict == "partly"
    again.close()


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "series"
    path.write_text("no database" * 100)
    with pytest.raises(SeriesError, match="not a database"):
        SqliteStore(path)


@pytest.mark.parametrize(
    ("status", "retry_after", "verdict"),
    [
        (401, "", "forbidden"),
        (403, "", "forbidden"),
        (404, "", "forbidden"),
        (429, "7", "later"),
        (500, "", "later"),
        (503, "12", "later"),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", "later"),
        (400, "", "partly"),
        (413, "", "partly"),
    ],
)
def test_every_answer_of_a_server_has_one_meaning(
    status: int, retry_after: str, verdict: str
) -> None:
    script = Script(answers=[(status, "because", retry_after)])
    with proxy("", script) as url:
        store = InfluxStore(InfluxAddress(url=url, bucket="irm"))
        answer = store.write([beat(1, hr=80.0)])
        assert (answer.verdict, "because" in answer.words) == (verdict, True)
        assert answer.retry_after_s == (float(retry_after) if retry_after.isdigit() else None)
        assert store.write([beat(1, hr=80.0)]).verdict == "kept"
        store.close()


def test_a_token_travels_and_never_shows(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    with proxy("", Script(token="s3cret")) as url:  # noqa: S106 - made for this test
        address = InfluxAddress(url=url, bucket="irm", token=token_from(secret))
        assert InfluxStore(address).write([beat(1, hr=80.0)]).verdict == "kept"
        refused = InfluxStore(InfluxAddress(url=url, bucket="irm")).write([beat(1, hr=80.0)])
        assert refused.verdict == "forbidden"
        assert "s3cret" not in repr(address) + refused.words


def test_a_token_file_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match=r"nowhere.*cannot be read"):
        token_from(tmp_path / "nowhere")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(SeriesError, match="holds no token"):
        token_from(tmp_path / "empty")


def test_a_server_that_is_not_there_is_asked_again_later() -> None:
    with proxy("", Script()) as url:
        pass
    store = InfluxStore(InfluxAddress(url=url, bucket="irm"))
    assert store.write([beat(1, hr=80.0)]).verdict == "later"
    with pytest.raises(SeriesError, match="cannot be asked"):
        list(store.rows("vitals", {}, **ALL))
