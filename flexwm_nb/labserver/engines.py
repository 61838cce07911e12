"""Which engines there are: the local one, those that kernels opened, and the configured one."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from flexwm_nb.backends import runtime_file
from flexwm_nb.backends.local import LocalBackend
from flexwm_nb.backends.process import is_alive
from flexwm_nb.backends.registered import Noted, registered
from flexwm_nb.backends.remote import RemoteBackend
from flexwm_nb.client.endpoint import Endpoint, Reopen
from flexwm_nb.config import Config
from flexwm_nb.errors import EngineError, FlexwmError, NotFound

LOCAL = "local"
State = Literal["running", "stopped", "unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEngine:
    """An engine as the browser is told of it: nothing here is secret."""

    name: str  # in URLs
    kind: str
    title: str
    workspace: str
    state: State
    version: str | None = None
    problem: FlexwmError | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found = {name: getattr(self, name) for name in ("name", "kind", "title", "workspace", "state", "version")}
        return {**found, "problem": None if self.problem is None else describe(self.problem)}


class Engines:
    """Finds engines by name. What waits for a process or a network is done in a thread."""

    def __init__(self) -> None:
        """Know of none yet; the configuration is read when it is asked for."""
        self._lock = asyncio.Lock()
        self._remote: tuple[str, Endpoint] | None = None

    async def known(self) -> list[KnownEngine]:
        """All of them, the configured one first."""
        return await asyncio.to_thread(self._known)

    async def find(self, name: str) -> Endpoint:
        """Where an engine is. Raises NotFound for an unknown name, and EngineError for one that does not run."""
        return await asyncio.to_thread(self._find, name)

    async def is_there(self, name: str) -> bool:
        """Whether an engine that was found may still be reached: the kernel that has opened it lives."""
        if name == LOCAL or (self._remote is not None and name == _key(self._remote[1].url, self._remote[1].workspace)):
            return True
        return await asyncio.to_thread(lambda: any(_name_of(noted) == name for noted in registered()))

    async def start(self) -> Endpoint:
        """Where the local engine is, started if it does not run. Raises EngineError and StoreError."""
        async with self._lock:
            return await asyncio.to_thread(LocalBackend(_local()).open)

    def _known(self) -> list[KnownEngine]:
        local, url = _described_local()
        found = {LOCAL: local}
        for noted in registered():
            name = _name_of(noted)
            endpoint = _found_again(noted)
            if name not in found and endpoint is not None and endpoint.url != url:
                found[name] = _described(endpoint, name, noted.store)
        try:
            config = Config()
        except FlexwmError:  # the local engine's entry tells
            return list(found.values())
        if config.target.startswith("http"):
            remote = self._described_remote(config)
            found = {remote.name: remote, **found}
        return list(found.values())

    def _described_remote(self, config: Config) -> KnownEngine:
        try:
            endpoint = self._configured(config)
            return _described(endpoint, _key(endpoint.url, endpoint.workspace))
        except FlexwmError as problem:
            host = urlsplit(config.target).netloc
            return KnownEngine(
                name=_key(config.target, config.workspace),
                kind="remote",
                title=host,
                workspace=config.workspace,
                state="unusable",
                problem=problem,
            )

    def _configured(self, config: Config) -> Endpoint:
        """The configured remote engine, checked once."""
        if self._remote is None or self._remote[0] != repr(config):
            self._remote = (repr(config), RemoteBackend(config).open())
        return self._remote[1]

    def _find(self, name: str) -> Endpoint:
        if name == LOCAL:
            endpoint = LocalBackend(_local()).find()
            if endpoint is None:
                raise EngineError("The local engine does not run", remedy="Start it with the button in the sidebar")
            return endpoint
        for noted in registered():
            endpoint = _found_again(noted) if _name_of(noted) == name else None
            if endpoint is not None:
                return endpoint
        config = Config()
        if config.target.startswith("http") and name == _key(config.target, config.workspace):
            return self._configured(config)
        raise NotFound(f"No engine is called {name}", remedy="Reload the list of engines")


@dataclass(frozen=True, slots=True)
class Found:
    """An engine that was found, as a backend; it is not ours to start or stop."""

    endpoint: Endpoint
    reopen: Reopen | None = None
    makes_workspaces: bool = False
    runs: bool = True
    log: Path | None = None

    @property
    def kind(self) -> str:
        """The kind of engine."""
        return self.endpoint.kind

    def open(self) -> Endpoint:
        """Where it is."""
        return self.endpoint

    def close(self) -> None:
        """Leave it as it is."""

    def stop(self, *, force: bool = False) -> bool:
        """Refuse. Raises EngineError."""
        raise EngineError("The page does not stop engines", remedy="Use flexwm stop")


def _name_of(noted: Noted) -> str:
    """What an engine is called in URLs: a local one by its store, as its address changes with each start."""
    endpoint = noted.endpoint
    return _key(endpoint.url if noted.store is None else str(noted.store), endpoint.workspace)


def _found_again(noted: Noted) -> Endpoint | None:
    """Where an engine is now; None for a local one that has left, and for this user's own, which is listed anyway.

    It is only looked up: whether another store's server fits is the business of the kernels that use it.
    """
    if noted.store is None:
        return noted.endpoint
    runtime = runtime_file.read(noted.store)
    if runtime is None or not is_alive(runtime.pid) or noted.store == _own_store():
        return None
    socket = Path(runtime.socket) if runtime.socket and Path(runtime.socket).is_socket() else None
    return replace(noted.endpoint, url=runtime.url, token=runtime.token, socket=socket, version=runtime.version)


def _own_store() -> Path | None:
    try:
        return _local().store.expanduser().absolute()
    except FlexwmError:  # its entry tells what is wrong
        return None


def _key(url: str, workspace: str) -> str:
    """The same for as long as these two are."""
    return hashlib.sha256(f"{url.rstrip('/')} {workspace}".encode()).hexdigest()[:12]


def _local() -> Config:
    return Config(engine=LOCAL)


def _described(endpoint: Endpoint, name: str, store: Path | None = None) -> KnownEngine:
    return KnownEngine(
        name=name,
        kind=endpoint.kind,
        title=urlsplit(endpoint.url).netloc if store is None else f"local engine in {store.name}",
        workspace=endpoint.workspace,
        state="running",
        version=endpoint.version,
    )


def _described_local() -> tuple[KnownEngine, str | None]:
    """The local engine, and its address while it runs."""
    workspace, endpoint, problem = "", None, None
    try:
        config = _local()
        workspace, endpoint = config.workspace, LocalBackend(config).find()
    except FlexwmError as error:
        problem = error
    state: State = "unusable" if problem else "running" if endpoint else "stopped"
    found = KnownEngine(
        name=LOCAL,
        kind=LOCAL,
        title="local engine",
        workspace=workspace,
        state=state,
        version=endpoint.version if endpoint else None,
        problem=problem,
    )
    return found, endpoint.url if endpoint else None


def describe(error: FlexwmError) -> dict[str, Any]:
    """An error as JSON."""
    found = {"code": error.code, "what": error.what, "why": error.why, "remedy": error.remedy}
    line = error.details.get("line")
    return found if line is None else {**found, "line": line}
