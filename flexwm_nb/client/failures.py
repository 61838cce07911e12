"""From what httpx raises to the errors of this package."""

from __future__ import annotations

from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.client.http import httpx
from flexwm_nb.errors import EngineUnreachable, FlexwmError, InvalidConfig, RequestRefused

# httpx's error -> ours and what happened; the first class that fits counts
FAILURES: tuple[tuple[type[Exception], type[FlexwmError], str], ...] = (
    (httpx.InvalidURL, InvalidConfig, "The engine's address is not a URL"),
    (httpx.UnsupportedProtocol, InvalidConfig, "The engine's address must begin with http:// or https://"),
    (httpx.TooManyRedirects, RequestRefused, "The engine's address leads in a circle"),
    (httpx.DecodingError, RequestRefused, "The engine's answer cannot be decoded"),
    (httpx.HTTPStatusError, RequestRefused, "The engine refused the request"),
    (httpx.CookieConflict, RequestRefused, "The engine's cookies contradict each other"),
    (httpx.ProxyError, EngineUnreachable, "The proxy to the engine does not let the request through"),
    (httpx.ConnectTimeout, EngineUnreachable, "The engine does not take the connection in time"),
    (httpx.PoolTimeout, EngineUnreachable, "Too many requests to the engine wait for their answers"),
    (httpx.TimeoutException, EngineUnreachable, "The engine does not answer in time"),
    (httpx.ConnectError, EngineUnreachable, "The engine cannot be reached"),
    (httpx.NetworkError, EngineUnreachable, "The connection to the engine broke"),
    (httpx.LocalProtocolError, RequestRefused, "The request is not valid HTTP"),
    (httpx.RemoteProtocolError, EngineUnreachable, "The engine closed the connection without an answer"),
    (httpx.StreamError, EngineUnreachable, "The engine's answer was cut off"),
    (httpx.HTTPError, EngineUnreachable, "The request to the engine failed"),
)
CAUGHT = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)  # repeating these is always safe
CERTIFICATE = "Name the file of your organisation's certificate in FLEXWM_CA_BUNDLE"


def translate(error: Exception, endpoint: Endpoint) -> FlexwmError:
    """The error of this package for one of httpx's."""
    kind, what = next((ours, what) for theirs, ours, what in FAILURES if isinstance(error, theirs))
    remedy = CERTIFICATE if "CERTIFICATE_VERIFY_FAILED" in str(error) else None
    why = f"{endpoint.url}: {error or type(error).__name__}"
    return kind(what, why=why, remedy=remedy, url=endpoint.url)
