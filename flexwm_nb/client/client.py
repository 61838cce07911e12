"""The client: a request goes out, a document or a typed error comes back."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from flexwm_nb.client import transports
from flexwm_nb.client.encoding import encode
from flexwm_nb.client.endpoint import Endpoint, Reopen
from flexwm_nb.client.failures import CAUGHT, NEVER_SENT, translate
from flexwm_nb.client.http import httpx
from flexwm_nb.client.refusals import refused
from flexwm_nb.errors import EngineNotReady, EngineUnreachable, RequestRefused
from flexwm_nb.models.wire import Wire

if TYPE_CHECKING:
    from flexwm_nb.client.completions import Completions

W = TypeVar("W", bound=Wire)

FIRST_PAUSE = 0.05  # seconds before the second try; doubled before each further one
LONGEST_PAUSE = 2.0  # seconds
BUSY = frozenset({429, 502, 503, 504})  # worth another try
SAFE = frozenset({"GET", "HEAD", "DELETE"})
JSON = {"Content-Type": "application/json"}
UNAUTHORIZED = 401
ANONYMOUS = "As a non logged in user"  # how routes that take both refuse a token that they do not know

Observe = Callable[[str, str, "int | None", float], None]

log = logging.getLogger("flexwm_nb.client")


class Client:
    """One engine, one workspace. Safe to use from many threads.

    `reopen`, where given, finds the engine again after it went away; requests that may be repeated then go on.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        attempts: int = 3,
        reopen: Reopen | None = None,
        observe: Observe | None = None,
        logger: logging.Logger = log,
    ) -> None:
        """Prepare; nothing is sent. `attempts` counts the tries of a request that may be repeated.

        `observe` is told of every request: method, path, status (None = no answer) and seconds.
        """
        self.attempts = attempts
        self._reopen, self._observe, self._log = reopen, observe, logger
        self._change = threading.Lock()
        self._closed = False
        self._completions: Completions | None = None
        self._retired: list[httpx.Client] = []  # of engines that went away; others may still be reading from them
        self._connection = endpoint, self._connect(endpoint)

    @property
    def endpoint(self) -> Endpoint:
        """Where the engine is now."""
        return self._connection[0]

    @property
    def workspace(self) -> str:
        """The path of the workspace, `/w/NAME`."""
        return f"/w/{self.endpoint.workspace}"

    @property
    def completions(self) -> Completions:
        """Tells who waits for many jobs when they end."""
        from flexwm_nb.client.completions import Completions

        with self._change:
            if self._completions is None:
                self._completions = Completions(self)
            return self._completions

    def get(self, path: str, **query: Any) -> Any:
        """The decoded JSON at a path below /api. Raises as `request`."""
        return self._decoded(self.request("GET", path, query=query))

    def read(self, kind: type[W], path: str, **query: Any) -> W:
        """The document at a path as a model. Raises as `request`."""
        return kind.read(self.get(path, **query))

    def read_all(self, kind: type[W], path: str, **query: Any) -> list[W]:
        """The documents at a path as models. Raises as `request`."""
        return [kind.read(item) for item in self.get(path, **query)]

    def text(self, path: str, **query: Any) -> str:
        """The text at a path. Raises as `request`."""
        return self.request("GET", path, query=query).text

    def post(self, path: str, body: Any = None, *, repeat: bool = False, **query: Any) -> httpx.Response:
        """Send a value as JSON. Raises as `request`."""
        content = body if isinstance(body, bytes) else encode({} if body is None else body)
        return self.request("POST", path, query=query, content=content, headers=JSON, repeat=repeat)

    def delete(self, path: str, **query: Any) -> httpx.Response:
        """Delete what is at a path. Raises as `request`."""
        return self.request("DELETE", path, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> httpx.Response:
        """Send one request and give the answer.

        It is sent again, after a pause, when it never reached the engine, or when it may be repeated (`repeat`, or a
        method that changes nothing twice) and the answer was lost or the engine busy.
        Raises EngineUnreachable, RequestRefused and their kin, or what a text of the engine stands for.
        """
        self._check_open()
        wanted = {"params": parameters(query), "content": content, "headers": headers}
        repeat = repeat or method in SAFE
        for attempt in range(1, self.attempts + 1):
            last = attempt == self.attempts
            endpoint, http = self._connection
            try:
                answer = self._send(http, method, path, wanted)
            except CAUGHT as error:
                if last or not (repeat or isinstance(error, NEVER_SENT)):
                    raise translate(error, endpoint) from error
                self._log.debug("%s %s: %r, trying again", method, path, error)
                self.recover(endpoint, attempt)
                continue
            if is_unknown_token(answer) and not last and self._has_moved(endpoint):
                continue
            if answer.status_code not in BUSY or last or not repeat:
                return self._accepted(answer, attempt)
            time.sleep(pause(attempt))
        raise AssertionError("the last attempt answers or raises")

    @contextlib.contextmanager
    def stream(self, path: str, *, read_timeout: float, **query: Any) -> Iterator[httpx.Response]:
        """An answer that is read while it comes; one try. Raises as `request`, also while it is read."""
        self._check_open()
        endpoint, http = self._connection
        timeout = httpx.Timeout(read_timeout, connect=transports.CONNECT_TIMEOUT)
        try:
            with http.stream("GET", path, params=parameters(query), timeout=timeout) as answer:
                if answer.is_error:
                    answer.read()
                if is_unknown_token(answer) and self._has_moved(endpoint):
                    raise EngineUnreachable(why="it was started again meanwhile")
                yield self._accepted(answer, 1)
        except CAUGHT as error:
            raise translate(error, endpoint) from error

    def recover(self, lost: Endpoint, attempt: int) -> None:
        """After a failed try at `lost`: pause, then find the engine again unless another thread did.

        Raises EngineError when it cannot be started again.
        """
        time.sleep(pause(attempt))
        self._has_moved(lost)

    def close(self) -> None:
        """Close the connections; the engine goes on."""
        self._closed = True
        for http in [*self._retired, self._connection[1]]:
            http.close()

    def __repr__(self) -> str:
        """Where it leads."""
        return f"<Client {self.endpoint.kind} {self.endpoint.url}{self.workspace}>"

    def _check_open(self) -> None:
        if self._closed:
            remedy = "Connect again: engine.start(), or %windmill_connect"
            raise EngineNotReady("The connection to the engine was closed", remedy=remedy)

    def _has_moved(self, known: Endpoint) -> bool:
        """Find the engine again, and whether it is elsewhere than it was known to be. Raises EngineError."""
        if self._reopen is None:
            return False
        with self._change:
            if self.endpoint is known:
                found = self._reopen()
                if found == known:
                    return False
                self._retired.append(self._connection[1])
                self._connection = found, self._connect(found)
            return True

    def _send(self, http: httpx.Client, method: str, path: str, wanted: Mapping[str, Any]) -> httpx.Response:
        """One try, noted."""
        started, status = time.perf_counter(), None
        try:
            answer = http.request(method, path, **wanted)
            status = answer.status_code
            return answer
        except RuntimeError:  # httpx's own, where another thread closes it meanwhile
            self._check_open()
            raise
        finally:
            seconds = time.perf_counter() - started
            facts = {"method": method, "path": path, "status": status, "seconds": seconds}
            self._log.debug("%s %s: %s in %.1f ms", method, path, status or "no answer", seconds * 1_000, extra=facts)
            if self._observe is not None:
                self._observe(method, path, status, seconds)

    @staticmethod
    def _connect(endpoint: Endpoint) -> httpx.Client:
        if not endpoint.route.verify and not endpoint.is_loopback:
            warnings.warn(f"The TLS certificate of {endpoint.url} is not checked", stacklevel=2)
        try:
            return transports.connect(endpoint)
        except CAUGHT as error:
            raise translate(error, endpoint) from error

    @staticmethod
    def _accepted(answer: httpx.Response, attempt: int) -> httpx.Response:
        """The answer, unless it refuses."""
        if answer.is_success:
            return answer
        url = str(answer.request.url.copy_with(query=None))
        raise refused(
            answer.status_code, answer.text, url=url, location=answer.headers.get("location"), attempt=attempt
        )

    def _decoded(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise RequestRefused(
                "The answer is not JSON",
                why=f"{self.endpoint.url} answered {answer.text[:80]!r}",
                remedy="Check that the address is that of a Windmill",
            ) from None


def is_unknown_token(answer: httpx.Response) -> bool:
    """Whether the token was refused, as it is by an engine that was started again at the same address."""
    return answer.status_code == UNAUTHORIZED or (answer.is_error and ANONYMOUS in answer.text)


def parameters(query: Mapping[str, Any] | None) -> dict[str, str]:
    """A query as text: None left out, booleans as Windmill spells them."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def pause(attempt: int) -> float:
    """Seconds to wait after a failed try, with some chance in it so that many clients do not return at once."""
    return float(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25))  # noqa: S311
