"""InfluxDB as a store of points, through its client library.

Writes go to ``/api/v2/write``, which versions 1.8, 2 and 3 have; reads are InfluxQL on ``/query``,
which all of them still answer, while Flux is gone from version 3. The client is used
synchronously, one call a batch of joined lines: its batching mode loses what it holds when a
process ends. This module is imported when a store is opened, because that takes half a second.
"""

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from monitor.series.answers import KEPT, Answer, answer_of
from monitor.series.points import Point, lines_of
from monitor.series.stores import Row, SeriesError

TIMEOUT_S: Final = 10.0
ROWS_PER_QUERY: Final = 10_000


_NOT_LET_IN: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxAddress:
    """Where an InfluxDB is; the token comes from a file and never shows in a text of ours."""

    url: str
    bucket: str
    org: str = "-"
    token: str = field(default="", repr=False)


def token_from(path: Path | None) -> str:
    """Return the token that a file holds; empty without a file.

    Raises
    ------
    SeriesError
        If the file cannot be read or is empty.
    """
    if path is None:
        return ""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SeriesError(f"{path}: the token cannot be read ({fault})") from fault
    if not token:
        raise SeriesError(f"{path}: holds no token; write it there, one line")
    return token


class InfluxStore:
    """Points in one bucket (one database, for version 1) of an InfluxDB."""

    def __init__(self, address: InfluxAddress, *, timeout_s: float = TIMEOUT_S) -> None:
        """Prepare the client; nothing is connected before the first write."""
        self.name = f"{address.url} bucket {address.bucket}"
        self._bucket, self._org = address.bucket, address.org
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice for its authors' cloud, printed at import
            self._client: Any = InfluxDBClient(
                url=address.url,
                token=address.token or "-",
                org=address.org,
                timeout=int(timeout_s * 1000),
                # Waiting and trying again is the forwarder's work, where it can be seen.
                retries=False,
            )
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, points: Sequence[Point]) -> Answer:
        """Send points in one request; safe to repeat."""
        lines = lines_of(points)
        if not lines:
            return KEPT
        try:
            self._writer.write(bucket=self._bucket, org=self._org, record="\n".join(lines))
        except ApiException as fault:
            headers = getattr(fault, "headers", None) or {}
            words = str(fault.body or fault.reason or "")
            return answer_of(int(fault.status or 0), words, headers.get("Retry-After"))
        except (HTTPError, OSError) as fault:
            return Answer(verdict="later", words=f"{self.name}: {_short(fault)}")
        return KEPT

    def rows(
        self, measurement: str, tags: dict[str, str], *, from_ns: int, to_ns: int
    ) -> Iterator[Row]:
        """Yield the rows of a measurement, by time, a page at a time.

        Two series of one measurement can share a time, so a page ends before its last time, and
        the next begins there. A page of one single time is asked for whole.
        """
        begin_ns = from_ns
        while begin_ns < to_ns:
            page = self._page(measurement, tags, begin_ns, to_ns, limit=ROWS_PER_QUERY)
            if len(page) < ROWS_PER_QUERY:
                yield from page
                return
            last_ns = page[-1][0]
            if page[0][0] == last_ns:
                page = self._page(measurement, tags, last_ns, last_ns + 1, limit=0)
                last_ns += 1
            yield from (row for row in page if row[0] < last_ns)
            begin_ns = last_ns

    def _page(
        self, measurement: str, tags: dict[str, str], from_ns: int, to_ns: int, *, limit: int
    ) -> list[Row]:
        conditions = [f'"{name}" = $tag_{index}' for index, name in enumerate(tags)]
        where = " AND ".join([*conditions, f"time >= {from_ns}", f"time < {to_ns}"])
        # Names come from this program, values travel beside the text.
        query = f'SELECT *::field FROM "{measurement}" WHERE {where} ORDER BY time'  # noqa: S608 - as above
        query += f" LIMIT {limit}" if limit else ""
        bound = {f"tag_{index}": text for index, text in enumerate(tags.values())}
        try:
            return [row for series in self._asked(query, bound) for row in _rows_of(series)]
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as fault:
            words = f"{self.name}: answered what is no table of points ({_short(fault)})"
            raise SeriesError(words) from fault

    def _asked(self, query: str, bound: dict[str, str]) -> list[dict[str, Any]]:
        parameters = [
            ("db", self._bucket),
            ("q", query),
            ("epoch", "ns"),
            ("params", json.dumps(bound)),
        ]
        try:
            answer: Any = self._client.api_client.call_api(
                "/query",
                "GET",
                {},
                parameters,
                {"Accept": "application/json"},
                auth_settings=[],
                response_type="object",
                _return_http_data_only=True,
            )
        except ApiException as fault:
            status, said = int(fault.status or 0), _short(fault.body or fault.reason or "")
            remedy = "; check --token-file" if status in _NOT_LET_IN else ""
            words = f"{self.name}: cannot be asked ({status}: {said}){remedy}"
            raise SeriesError(words) from fault
        except (HTTPError, OSError) as fault:
            raise SeriesError(f"{self.name}: cannot be asked ({_short(fault)})") from fault
        result = (answer.get("results") or [{}])[0] if isinstance(answer, dict) else {}
        if "error" in result:
            raise SeriesError(f"{self.name}: {result['error']}")
        return list(result.get("series") or [])

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()
        self._client.close()


def _rows_of(series: dict[str, Any]) -> Iterator[Row]:
    columns = series["columns"]
    for values in series["values"]:
        cells = dict(zip(columns, values, strict=True))
        t_ns = int(cells.pop("time"))
        yield (
            t_ns,
            {
                name: value if isinstance(value, str) else float(value)
                for name, value in cells.items()
                if value is not None
            },
        )


def _short(fault: object) -> str:
    return " ".join(str(fault).split())[:200]
