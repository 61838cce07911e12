"""Health: named checks of an engine, each with what to do when it is not well."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from flexwm_nb.client.client import Client
from flexwm_nb.config import Config
from flexwm_nb.errors import EngineError, FlexwmError, NotFound, PermissionDenied
from flexwm_nb.models.workspace import EngineFacts, HealthCheck, RuntimeFacts, User, Worker
from flexwm_nb.services import surroundings

Status = Literal["ok", "warn", "fail"]

SLOW = 1.0  # seconds for an answer
SKEW = 5.0  # seconds between the clocks
FRESH = 60  # seconds since a worker's last sign of life
LOW_SPACE = 1 << 30  # bytes
NO_SPACE = 100 << 20  # bytes
MANY_WAITING = 1_000  # jobs
UNCAGED = ("none", "plain")  # levels of isolation at which jobs do not run, or run without a cage
DOCTOR = "See the engine's log: flexwm status tells where it is"


class HealthService:
    """The checks of one engine."""

    def __init__(self, client: Client, config: Config | None = None) -> None:
        """Check through this client; with a configuration also what stands in it."""
        self._client, self._config = client, config

    def check(self) -> list[HealthCheck]:
        """Every check, in the order in which they matter; after an engine that does not answer there is no other."""
        first = self._checked("engine", self._engine)
        if first.status == "fail":
            return [first]
        checks: dict[str, Callable[[], HealthCheck | None]] = {
            "token": self._token,
            "database": self._database,
            "workers": self._workers,
            "queue": self._queue,
            "clock": self._clock,
            "languages": self._languages,
            "runtimes": self._runtimes,
            "isolation": self._isolation,
            "disk space": self._space,
            "version": self._version,
            "TLS": self._tls,
            "configuration": self._configuration,
            "permissions": self._permissions,
            "binary": self._binary,
        }
        found = [self._checked(name, check) for name, check in checks.items()]
        return [first, *(check for check in found if check.message)]

    def healthy(self) -> bool:
        """Whether the engine answers and says that it is well."""
        try:
            return str(self._client.get("/health/status").get("status")) != "unhealthy"
        except FlexwmError:
            return False

    def workers(self) -> list[Worker]:
        """The engine's workers."""
        return self._client.read_all(Worker, "/workers/list")

    def languages(self) -> tuple[str, ...]:
        """The languages that the engine says it runs; empty where it does not say. Raises EngineError."""
        facts = self._facts()
        return () if facts is None else facts.languages

    def _checked(self, name: str, check: Callable[[], HealthCheck | None]) -> HealthCheck:
        """The check's outcome; an error is one too. What this engine does not tell has no message."""
        try:
            return check() or _ok(name, "")
        except (NotFound, PermissionDenied):
            return _ok(name, "")
        except FlexwmError as error:
            message = error.what if error.why is None else f"{error.what}: {error.why}"
            return HealthCheck(name=name, status="fail", message=message, remedy=error.remedy)

    def _engine(self) -> HealthCheck:
        started = time.perf_counter()
        version = self._client.text("/version").strip()
        seconds = time.perf_counter() - started
        message = f"{version} at {self._client.endpoint.url} answers in {seconds * 1_000:.0f} ms"
        if seconds > SLOW:
            return HealthCheck(name="engine", status="warn", message=message, remedy="Is it under load?")
        return _ok("engine", message)

    def _token(self) -> HealthCheck:
        user = self._client.read(User, f"{self._client.workspace}/users/whoami")
        role = " (administrator)" if user.is_admin else ""
        return _ok("token", f"{user.username}{role} in workspace {self._client.endpoint.workspace}")

    def _database(self) -> HealthCheck:
        status = self._client.get("/health/status", force=True)
        if not status.get("database_healthy", True):
            return HealthCheck(name="database", status="fail", message="it does not answer", remedy=DOCTOR)
        facts = self._facts()
        if facts is None or facts.sqlite is None:
            return _ok("database", "healthy")
        message = f"SQLite {facts.sqlite}, journal {facts.journal_mode}, in {facts.store}"
        if facts.journal_mode != "wal":
            remedy = "Install a current apsw: pip install -U apsw"
            return HealthCheck(name="database", status="warn", message=message, remedy=remedy)
        return _ok("database", message)

    def _workers(self) -> HealthCheck:
        workers = self.workers()
        fresh = [worker for worker in workers if (worker.last_ping or 0) <= FRESH]
        if not fresh:
            remedy = "Start one" if self._client.endpoint.kind != "local" else "flexwm stop; it starts again by itself"
            return HealthCheck(name="workers", status="fail", message="none gives a sign of life", remedy=remedy)
        executed = sum(worker.jobs_executed for worker in fresh)
        return _ok("workers", f"{len(fresh)} at work, {executed:,} jobs done")

    def _queue(self) -> HealthCheck:
        queue = self._client.get(f"{self._client.workspace}/jobs/queue/count")
        waiting = int(queue["database_length"])
        message = f"{waiting:,} jobs wait" if waiting != 1 else "1 job waits"
        if waiting > MANY_WAITING:
            remedy = "Wait, cancel some, or allow more at once (FLEXWM_MAX_CONCURRENT)"
            return HealthCheck(name="queue", status="warn", message=message, remedy=remedy)
        return _ok("queue", message)

    def _clock(self) -> HealthCheck:
        apart = abs(float(self._client.get("/jobs/db_clock")) / 1_000 - time.time())
        if apart > SKEW:
            message = f"the engine's clock is {apart:.0f} s away from this machine's"
            return HealthCheck(name="clock", status="warn", message=message, remedy="Set both by NTP")
        return _ok("clock", "as this machine's")

    def _languages(self) -> HealthCheck | None:
        found = self.languages()
        return _ok("languages", ", ".join(found)) if found else None

    def runtimes(self) -> list[RuntimeFacts]:
        """The programs that run languages, those that are missing too; none of an engine that does not say."""
        try:
            return self._client.read_all(RuntimeFacts, "/flexwm/runtimes")
        except (NotFound, EngineError):
            return []

    def _runtimes(self) -> HealthCheck | None:
        found = self.runtimes()
        here = [f"{one.name} {one.version or ''} ({one.path})" for one in found if one.path]
        lacks = [one for one in found if not one.path]
        missing = [f"no {one.name}, for {', '.join(one.languages)}: {one.remedy}" for one in lacks]
        return _ok("runtimes", "; ".join([*here, *missing])) if found else None

    def _isolation(self) -> HealthCheck | None:
        facts = self._facts()
        if facts is None or facts.isolation is None:
            return None
        lack = facts.isolation_lacks[0] if facts.isolation_lacks else None
        message = f"{facts.isolation}: {facts.isolation_gives}; network {facts.network}"
        if lack is None or facts.isolation not in UNCAGED:
            better = "" if lack is None else f". {lack.level} is not there: {lack.why}. {lack.remedy}"
            return _ok("isolation", message + better)
        reasons = "; ".join(f"{found.level}: {found.why}" for found in facts.isolation_lacks)
        status: Status = "fail" if facts.isolation == "none" else "warn"
        return HealthCheck(name="isolation", status=status, message=f"{message}. {reasons}", remedy=lack.remedy)

    def _space(self) -> HealthCheck | None:
        facts = self._facts()
        if facts is None or facts.store is None or self._client.endpoint.kind != "local":
            return None
        free = shutil.disk_usage(Path(facts.store)).free
        status: Status = "fail" if free < NO_SPACE else "warn" if free < LOW_SPACE else "ok"
        remedy = None if status == "ok" else "Free some space, or choose another store with FLEXWM_STORE"
        return HealthCheck(name="disk space", status=status, message=f"{free / (1 << 30):.1f} GiB free", remedy=remedy)

    def _version(self) -> HealthCheck | None:
        return surroundings.version(self._client.text("/version").strip())

    def _tls(self) -> HealthCheck | None:
        endpoint = self._client.endpoint
        if not endpoint.url.startswith("https:"):
            return None
        if endpoint.route.verify:
            return _ok("TLS", "the engine's certificate is checked")
        remedy = "Leave FLEXWM_VERIFY out, and name your organisation's certificate in FLEXWM_CA_BUNDLE"
        return HealthCheck(name="TLS", status="warn", message="nobody checks who the engine is", remedy=remedy)

    def _configuration(self) -> HealthCheck | None:
        return None if self._config is None else surroundings.configuration(self._config)

    def _permissions(self) -> HealthCheck | None:
        if self._config is None or self._client.endpoint.kind != "local":
            return None
        return surroundings.permissions(self._config.store.expanduser())

    def _binary(self) -> HealthCheck | None:
        path = None if self._config is None else self._config.binary_path
        return None if path is None else surroundings.binary(path)

    def _facts(self) -> EngineFacts | None:
        """What the local engine says of itself; other engines have no such route."""
        try:
            return self._client.read(EngineFacts, "/flexwm/engine")
        except (NotFound, EngineError):
            return None


def _ok(name: str, message: str) -> HealthCheck:
    return HealthCheck(name=name, status="ok", message=message)
