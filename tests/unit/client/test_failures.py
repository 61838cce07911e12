"""What httpx raises, as errors of this package."""

from __future__ import annotations

import httpx
import pytest

from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.client.failures import CAUGHT, translate
from flexwm_nb.errors import EngineUnreachable, InvalidConfig, RequestRefused

ENDPOINT = Endpoint(kind="remote", url="http://windmill.example", workspace="w", token="s3cret")
EXPECTED = {
    httpx.CloseError: EngineUnreachable,
    httpx.ConnectError: EngineUnreachable,
    httpx.ConnectTimeout: EngineUnreachable,
    httpx.CookieConflict: RequestRefused,
    httpx.DecodingError: RequestRefused,
    httpx.InvalidURL: InvalidConfig,
    httpx.LocalProtocolError: RequestRefused,
    httpx.PoolTimeout: EngineUnreachable,
    httpx.ProxyError: EngineUnreachable,
    httpx.ReadError: EngineUnreachable,
    httpx.ReadTimeout: EngineUnreachable,
    httpx.RemoteProtocolError: EngineUnreachable,
    httpx.RequestNotRead: EngineUnreachable,
    httpx.ResponseNotRead: EngineUnreachable,
    httpx.StreamClosed: EngineUnreachable,
    httpx.StreamConsumed: EngineUnreachable,
    httpx.StreamError: EngineUnreachable,
    httpx.TooManyRedirects: RequestRefused,
    httpx.UnsupportedProtocol: InvalidConfig,
    httpx.WriteError: EngineUnreachable,
    httpx.WriteTimeout: EngineUnreachable,
}
GENERAL = {
    httpx.HTTPError,
    httpx.HTTPStatusError,  # raise_for_status is not used
    httpx.NetworkError,
    httpx.ProtocolError,
    httpx.RequestError,
    httpx.TimeoutException,
    httpx.TransportError,
}


def make(kind: type[Exception]) -> Exception:
    """An error of this kind, however it is made."""
    try:
        return kind("what httpx says")
    except TypeError:
        return kind()


def test_every_error_of_httpx_is_expected_here() -> None:
    """A new one in a later httpx shows up as a failure of this test."""
    kinds = {kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds - GENERAL == EXPECTED.keys()


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_an_error_of_httpx_becomes_ours(kind: type[Exception]) -> None:
    """It is caught, names the address, and never the token."""
    error = make(kind)
    assert isinstance(error, CAUGHT)
    ours = translate(error, ENDPOINT)
    assert type(ours) is EXPECTED[kind]
    assert "http://windmill.example" in str(ours)
    assert "s3cret" not in str(ours)
