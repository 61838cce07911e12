"""Where an engine is and how to come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from flexwm_nb.errors import AuthenticationFailed

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is special on the way to an engine."""

    verify: bool = True  # check the TLS certificate
    ca_bundle: Path | None = None  # certificates to trust besides the system's
    certificate: Path | None = None  # by which the engine knows this client
    key: Path | None = None  # of that certificate, where its file has none
    proxy: str | None = field(default=None, repr=False)  # None = as the environment says


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An engine's address. The token is never shown."""

    kind: str  # local, remote or managed
    url: str  # base URL without /api
    workspace: str
    token: str | None = field(default=None, repr=False)
    socket: Path | None = None  # Unix socket to go through
    route: Route = Route()
    version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()  # sent with every request

    def __post_init__(self) -> None:
        """Raises AuthenticationFailed for a token that cannot be put into a header."""
        if self.token and not (self.token.isascii() and self.token.isprintable()):
            raise AuthenticationFailed("The token has characters that no token has", remedy="Copy it once more")

    @property
    def is_loopback(self) -> bool:
        """Whether the address is on this machine."""
        return self.socket is not None or urlsplit(self.url).hostname in LOOPBACK


Reopen = Callable[[], Endpoint]  # finds the engine again, starting it where that is our business
