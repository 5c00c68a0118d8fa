"""What may be started: a network sees a station only with logins, and only by TLS."""

from pathlib import Path

import pytest

from monitor.station.exposure import HttpOptions, StationError, StationOptions, check_exposure

USERS = Path("users")


def with_tls(host: str) -> HttpOptions:
    return HttpOptions(host=host, certificate=Path("c"), key=Path("k"))


def options(http: HttpOptions, users: Path | None = USERS) -> StationOptions:
    return StationOptions(
        unit="u", device="station-1", software="", audit=Path("a"), users=users, http=http
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    check_exposure(options(HttpOptions(host=host), users=None))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "ward.example"])  # noqa: S104 - looked at
def test_a_network_needs_people_and_tls(host: str) -> None:
    with pytest.raises(StationError, match="nobody could be known"):
        check_exposure(options(with_tls(host), users=None))
    with pytest.raises(StationError, match=r"passwords would go there .* --tls-cert"):
        check_exposure(options(HttpOptions(host=host)))
    with pytest.raises(StationError, match="passwords would go there"):
        check_exposure(options(HttpOptions(host=host, origins=("http://ward.example",))))
    check_exposure(options(with_tls(host)))
    check_exposure(options(HttpOptions(host=host, origins=("https://ward.example",))))


def test_half_a_pair_of_tls_files_is_none() -> None:
    with pytest.raises(StationError, match="belong together"):
        check_exposure(options(HttpOptions(host="0.0.0.0", certificate=Path("c"))))  # noqa: S104 - as above
