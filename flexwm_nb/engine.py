"""The engine as a program sees it: started, asked, stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flexwm_nb.config import Config
from flexwm_nb.errors import EngineNotReady, FlexwmError, FlowNotFound, ScriptNotFound
from flexwm_nb.models.workspace import EngineDescription

if TYPE_CHECKING:
    from flexwm_nb.backends.base import Backend
    from flexwm_nb.client.client import Client
    from flexwm_nb.execution import Execution
    from flexwm_nb.services.mapping import Mapped
    from flexwm_nb.services.protocols import (
        ExecutionManager,
        FileManager,
        FlowManager,
        HealthChecker,
        Metrics,
        ResourceManager,
        ScheduleManager,
        ScriptManager,
        VariableManager,
        WorkspaceManager,
    )

Progress = Callable[[str], None]

LOCAL, MANAGED = "local", "managed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What an engine offers. A caller may give its own in place of any."""

    scripts: ScriptManager
    executions: ExecutionManager
    flows: FlowManager
    schedules: ScheduleManager
    variables: VariableManager
    resources: ResourceManager
    files: FileManager
    health: HealthChecker
    workspaces: WorkspaceManager


class Engine:
    """One engine and one workspace in it. A context manager; several may be used side by side.

    Made by `flexwm_nb.connect`, or piece by piece by `Engine.builder()`.
    """

    def __init__(
        self,
        config: Config,
        *,
        backend: Backend | None = None,
        logger: logging.Logger | None = None,
        metrics: Metrics | None = None,
        services: dict[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Prepare; `start` connects. `services` replace those of the same names; `progress` is told of a managed
        engine's steps. Raises InvalidConfig.
        """
        self.config = config
        self._backend = backend or backend_for(config, progress)
        self._logger, self._metrics, self._own = logger or logger_for(config), metrics, services or {}
        self._client: Client | None = None
        self._services: Services | None = None
        self._workspace_is_new = False

    @staticmethod
    def builder() -> EngineBuilder:
        """Put an engine together piece by piece."""
        return EngineBuilder()

    def start(self) -> Engine:
        """Connect; the local engine is started where none runs. Raises EngineError, StoreError, RequestRefused."""
        if self._client is None:
            from flexwm_nb.client.client import Client

            client = Client(
                self._backend.open(),
                attempts=self.config.retry_attempts,
                reopen=self._backend.reopen,
                observe=self._metrics.request if self._metrics else None,
                logger=self._logger,
            )
            self._client, self._services = client, make_services(client, self.config, self._own)
            if self._backend.makes_workspaces:
                self._workspace_is_new = self.workspaces.ensure(self.config.workspace)
        return self

    def stop(self, *, force: bool = False) -> bool:
        """End a local or managed engine, for everybody who uses it, after its jobs; whether one was running.

        Raises EngineError for an engine that is not ours to end.
        """
        self.close()
        return self._backend.stop(force=force)

    def close(self) -> None:
        """Close the connections. A local or remote engine goes on; a managed one ends with its last user."""
        client, self._client, self._services = self._client, None, None
        if client is not None:
            client.close()
            self._backend.close()

    @property
    def ready(self) -> bool:
        """Whether it is connected and says that it is well."""
        return self._services is not None and self._services.health.healthy()

    @property
    def log(self) -> Path | None:
        """What the engine itself says, where that is a file of this machine."""
        return self._backend.log

    def describe(self) -> EngineDescription:
        """Which engine this is. Raises EngineNotReady."""
        endpoint = self.client.endpoint
        return EngineDescription(
            kind=endpoint.kind,
            version=endpoint.version or "of an unknown version",
            url=endpoint.url,
            workspace=endpoint.workspace,
            workspace_is_new=self._workspace_is_new,
            healthy=self.health.healthy(),
        )

    def run(self, reference: str, /, **arguments: Any) -> Execution:
        """Start a script, or the flow of that path where there is no script, and return at once.

        Raises ScriptNotFound where there is neither, and InvalidArguments.
        """
        try:
            return self.executions.submit(reference, arguments)
        except ScriptNotFound as error:
            try:
                return self.flows.submit(reference, arguments)
            except FlowNotFound:
                raise error from None

    def map(
        self,
        reference: str,
        inputs: Iterable[Mapping[str, Any]],
        *,
        at_once: int | None = None,
        ordered: bool = True,
    ) -> Iterator[Mapped]:
        """Run a script, or flow, for each input: `at_once` (`max_concurrent`) at a time, in order or as they end.

        Raises ScriptNotFound where there is neither. A run that fails is an outcome too, and leaving the iteration
        cancels what runs.
        """
        from flexwm_nb.services.mapping import Map

        def start(arguments: Mapping[str, Any]) -> Execution:
            return self.run(reference, **arguments)

        return iter(Map(start, inputs, at_once or self.config.max_concurrent, ordered))

    @property
    def client(self) -> Client:
        """The connection. Raises EngineNotReady before `start` and after `close`."""
        if self._client is None:
            raise _closed()
        return self._client

    @property
    def scripts(self) -> ScriptManager:
        """Registers and finds scripts."""
        return self._offered.scripts

    @property
    def executions(self) -> ExecutionManager:
        """Starts jobs and tells about them."""
        return self._offered.executions

    jobs = executions

    @property
    def flows(self) -> FlowManager:
        """Registers, finds and starts flows."""
        return self._offered.flows

    @property
    def schedules(self) -> ScheduleManager:
        """Starts scripts and flows by the clock."""
        return self._offered.schedules

    @property
    def variables(self) -> VariableManager:
        """Named texts that scripts read."""
        return self._offered.variables

    @property
    def resources(self) -> ResourceManager:
        """Named JSON values that scripts read."""
        return self._offered.resources

    @property
    def files(self) -> FileManager:
        """Data too large for arguments and results."""
        return self._offered.files

    @property
    def health(self) -> HealthChecker:
        """The checks."""
        return self._offered.health

    @property
    def workspaces(self) -> WorkspaceManager:
        """The workspaces of the engine."""
        return self._offered.workspaces

    @property
    def _offered(self) -> Services:
        if self._services is None:
            raise _closed()
        return self._services

    def __enter__(self) -> Engine:
        """Connect."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close the connections, as `close`."""
        self.close()

    def __repr__(self) -> str:
        """Where it leads."""
        state = repr(self._client).strip("<>") if self._client else f"not connected, {self.config.target}"
        return f"<Engine {state}>"


class EngineBuilder:
    """Puts an engine together; each step gives the builder back."""

    def __init__(self) -> None:
        """Nothing chosen: the configuration of the environment."""
        self._config: Config | None = None
        self._parts: dict[str, Any] = {}
        self._services: dict[str, Any] = {}

    def with_config(self, config: Config) -> EngineBuilder:
        """Use these settings."""
        self._config = config
        return self

    def with_logger(self, logger: logging.Logger) -> EngineBuilder:
        """Log each request there, at level DEBUG, without secrets."""
        self._parts["logger"] = logger
        return self

    def with_metrics(self, metrics: Metrics) -> EngineBuilder:
        """Tell of each request there."""
        self._parts["metrics"] = metrics
        return self

    def with_progress(self, progress: Progress) -> EngineBuilder:
        """Tell of each step of a start there, from whichever thread it is done in."""
        self._parts["progress"] = progress
        return self

    def with_backend(self, backend: Backend) -> EngineBuilder:
        """Find the engine this way, whatever the configuration names."""
        self._parts["backend"] = backend
        return self

    def with_services(self, **services: Any) -> EngineBuilder:
        """Use these in place of the engine's own, by their names in `Services`. Raises TypeError for another name."""
        unknown = services.keys() - Services.__dataclass_fields__.keys()
        if unknown:
            raise TypeError(f"an engine has no service {', '.join(sorted(unknown))}")
        self._services |= services
        return self

    def build(self) -> Engine:
        """The engine, not started yet. Raises InvalidConfig."""
        return Engine(self._config or Config(), services=self._services, **self._parts)


def connect(
    target: str | None = None,
    *,
    workspace: str | None = None,
    token: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Engine:
    """An engine, ready to use: `"local"`, `"managed"`, or the URL of a Windmill. None comes from the configuration.

    `progress` is told, step by step, what a managed engine's start does. More `settings` are those of `Config`.
    Raises InvalidConfig, EngineError, StoreError, AuthenticationFailed and WorkspaceNotFound.
    """
    config = Config(engine=target, workspace=workspace, token=token, **settings)
    return Engine(config, progress=progress).start()


def backend_for(config: Config, progress: Progress | None = None) -> Backend:
    """Where the configured engine comes from. Raises InvalidConfig."""
    if config.target == MANAGED:
        from flexwm_nb.backends.managed.backend import ManagedBackend

        return ManagedBackend(config, progress or (lambda step: None))
    if config.target == LOCAL:
        from flexwm_nb.backends.local import LocalBackend

        return LocalBackend(config)
    from flexwm_nb.backends.remote import RemoteBackend

    return RemoteBackend(config)


def logger_for(config: Config) -> logging.Logger:
    """The package's logger; with `debug` one that shows each request on the error stream."""
    if not config.debug:
        return logging.getLogger("flexwm_nb.client")
    logger = logging.getLogger("flexwm_nb.debug")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
        logger.propagate = False
    logger.setLevel(logging.DEBUG)
    return logger


def make_services(client: Client, config: Config, own: dict[str, Any]) -> Services:
    """The services on a client, those of the caller's own in their places."""
    from flexwm_nb.services.executions import ExecutionService
    from flexwm_nb.services.files import FileService
    from flexwm_nb.services.flows import FlowService
    from flexwm_nb.services.health import HealthService
    from flexwm_nb.services.resources import ResourceService
    from flexwm_nb.services.schedules import ScheduleService
    from flexwm_nb.services.scripts import ScriptService
    from flexwm_nb.services.variables import VariableService
    from flexwm_nb.services.workspaces import WorkspaceService

    scripts = own.get("scripts") or ScriptService(client, deploy_timeout=config.timeout)
    jobs = own.get("executions") or ExecutionService(
        client, resolve=scripts.resolve, timeout=config.timeout, at_once=config.max_concurrent
    )
    return Services(
        scripts=scripts,
        executions=jobs,
        flows=own.get("flows") or FlowService(client, scripts=scripts, executions=jobs),
        schedules=own.get("schedules") or ScheduleService(client),
        variables=own.get("variables") or VariableService(client),
        resources=own.get("resources") or ResourceService(client),
        files=own.get("files") or FileService(client),
        health=own.get("health") or HealthService(client, config),
        workspaces=own.get("workspaces") or WorkspaceService(client),
    )


def _closed() -> FlexwmError:
    return EngineNotReady("The engine is not connected", remedy="Call start(), or make it with flexwm_nb.connect()")
