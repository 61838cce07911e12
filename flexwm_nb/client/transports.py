"""How requests reach an engine: a Unix socket, the loopback, or the network."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flexwm_nb.client.endpoint import Endpoint, Route
from flexwm_nb.client.http import httpx
from flexwm_nb.errors import InvalidConfig

CONNECT_TIMEOUT = 5.0  # seconds
ANSWER_TIMEOUT = 60.0  # seconds between bytes of an answer
KEEP_ALIVE = 60.0  # seconds that an idle connection is kept
IDLE_CONNECTIONS = 50
PREFIX = "/api"


def connect(endpoint: Endpoint) -> httpx.Client:
    """A connection pool to the endpoint; nothing is sent yet. Raises httpx errors for an address that is none."""
    headers = dict(endpoint.headers)
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    return httpx.Client(
        base_url=endpoint.url.rstrip("/") + PREFIX,
        headers=headers,
        timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
        **_route(endpoint),
    )


def _route(endpoint: Endpoint) -> dict[str, Any]:
    """A transport of our own on this machine, where no proxy may come between; httpx's choice elsewhere."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS, keepalive_expiry=KEEP_ALIVE)
    plain = endpoint.url.startswith("http:")
    verify = False if plain and endpoint.is_loopback else tls(endpoint.route)  # building a context costs 20 ms
    if endpoint.is_loopback and endpoint.route.proxy is None:
        socket = str(endpoint.socket) if endpoint.socket else None
        return {"transport": httpx.HTTPTransport(uds=socket, limits=limits, verify=verify)}
    try:
        proxy = None if endpoint.route.proxy is None else httpx.Proxy(endpoint.route.proxy)
    except (ValueError, httpx.InvalidURL):
        raise _unusable("proxy", "it is not the URL of a proxy") from None
    return {"limits": limits, "verify": verify, "proxy": proxy}


def tls(route: Route) -> ssl.SSLContext | bool:
    """What is expected of an engine's certificate, and ours. Raises InvalidConfig for files that cannot be used."""
    if not route.verify and route.certificate is None:
        return False
    context = httpx.create_ssl_context(verify=route.verify)
    with _naming("ca_bundle", route.ca_bundle):
        if route.ca_bundle is not None and route.verify:
            context.load_verify_locations(route.ca_bundle.expanduser())
    with _naming("client_certificate", route.certificate):
        if route.certificate is not None:
            key = None if route.key is None else route.key.expanduser()
            context.load_cert_chain(route.certificate.expanduser(), key, password=_no_password)
    return context


@contextmanager
def _naming(field: str, file: Path | None) -> Iterator[None]:
    """Say which file it was that TLS could not use."""
    try:
        yield
    except OSError as error:  # ssl's own errors are of this kind too
        raise _unusable(field, f"{file}: {error.strerror or error}") from None


def _no_password() -> str:
    """For a key that wants a password: fail, and do not ask on the terminal."""
    raise OSError("the key has a password")


def _unusable(field: str, why: str) -> InvalidConfig:
    return InvalidConfig(f"The setting {field} cannot be used", why=why, fields=[field])
