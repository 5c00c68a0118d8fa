"""TLS by the station itself, with certificates of a laboratory: headers, cookie, no plain HTTP."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from broker import eventually
from station_builders import PASSWORD, desktop

from monitor.station.exposure import HttpOptions
from monitor.station.pages import Pages
from monitor.station.server import Server, bound, how_to_serve
from monitor.station.web import SECURE_COOKIE, Web, application

ROOT: Final = Path(__file__).resolve().parents[2]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The address of a station that speaks TLS, and who believes its certificate."""
    made = tmp_path / "certs"
    command = ["bash", str(ROOT / "scripts" / "certs.sh"), str(made), "localhost"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    http = HttpOptions(port=0, certificate=made / "server.crt", key=made / "server.key")
    at = desktop(tmp_path)
    web = Web(at.station, is_secure=http.places().is_secure)
    server = Server(how_to_serve(application(web, http.places(), Pages()), http), at.station)
    listening = bound(http.host, http.port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert eventually(lambda: server.started)
    yield (
        f"localhost:{listening.getsockname()[1]}",
        ssl.create_default_context(cafile=made / "ca.crt"),
    )
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_a_station_with_tls_has_hsts_and_a_cookie_that_only_tls_carries(
    served: tuple[str, ssl.SSLContext],
) -> None:
    place, trust = served
    headers = {"x-irm": "1", "origin": f"https://{place}"}
    with httpx.Client(base_url=f"https://{place}", verify=trust, trust_env=False) as browser:
        page = browser.get("/")
        assert page.status_code == 200
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        body = {"name": "nurse-1", "password": PASSWORD}
        done = browser.post("/api/v1/login", json=body, headers=headers)
        assert done.status_code == 200, done.text
        cookie = done.headers["set-cookie"]
        name, *flags = (part.strip().lower() for part in cookie.split(";"))
        assert name.startswith(f"{SECURE_COOKIE.lower()}=")
        assert SECURE_COOKIE.startswith("__Host-")
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= set(flags)
        assert not any(flag.startswith("domain") for flag in flags)
        assert browser.get("/api/v1/me").json()["name"] == "nurse-1"
        plain = {**headers, "origin": f"http://{place}"}
        assert browser.post("/api/v1/logout", json={}, headers=plain).status_code == 403
        out = browser.post("/api/v1/logout", json={}, headers=headers)
        assert "secure" in out.headers["set-cookie"].lower()
        assert browser.get("/api/v1/me").json()["name"] is None


def test_neither_plain_http_nor_an_unknown_authority_gets_an_answer(
    served: tuple[str, ssl.SSLContext],
) -> None:
    place, _ = served
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{place}/", trust_env=False)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://{place}/", trust_env=False)
