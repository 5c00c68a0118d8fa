"""Access to the broker: where it is, who we are to it, and how the link is protected."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class LinkError(Exception):
    """The broker cannot be reached or used; says which one, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files of a protected link; the system's authorities count where ``ca_file`` is None."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return the settings of the protected link, with the broker's name checked."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which broker, and who we are to it."""

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = ""
    tls: Tls | None = None
    connect_timeout_s: float = 10.0

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the settings of a protected link, None for one that is not protected.

        Raises
        ------
        LinkError
            If a file is missing or is no certificate or key.
        """
        if self.tls is None:
            return None
        try:
            return self.tls.context()
        except (OSError, ValueError) as fault:
            raise LinkError(f"TLS files for broker {self}: {fault}") from fault

    def __str__(self) -> str:
        """Name the broker without the secret."""
        return f"{self.host}:{self.port}"
