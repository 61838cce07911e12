"""`python -m flexwm_nb.server`: run the local engine in the foreground."""

from __future__ import annotations

import errno
import logging
import os
import sys

import uvloop

from flexwm_nb import start_failures
from flexwm_nb.errors import EngineNotReady, FlexwmError, StoreFull, StoreLocked
from flexwm_nb.server.clock import now
from flexwm_nb.server.context import Context
from flexwm_nb.server.environments.cache import Cache
from flexwm_nb.server.expressions import Expressions
from flexwm_nb.server.flows.runs import Flows
from flexwm_nb.server.isolation.confinement import Confinement
from flexwm_nb.server.jobs.files import Files
from flexwm_nb.server.jobs.logs import Logs
from flexwm_nb.server.jobs.queue import Queue
from flexwm_nb.server.jobs.worker import Worker
from flexwm_nb.server.people import administrator
from flexwm_nb.server.runners.registry import Runners
from flexwm_nb.server.secrets import Secrets
from flexwm_nb.server.settings import Settings
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.app import Application
from flexwm_nb.server.web.lifecycle import Lifecycle, StoreLock

LOCKED = 3  # exit status: another server owns the store
PORT_REFUSED = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
UNUSABLE = 4  # exit status: the store or the address cannot be used


async def serve(settings: Settings) -> None:
    """Run a server on its store until it is told to stop."""
    database = Database(settings.database)
    context = Context(
        settings=settings,
        database=database,
        secrets=Secrets(settings.store),
        logs=Logs(settings.store / "logs", database),
        files=Files(settings.store / "files", database, limit=settings.files_limit),
        queue=Queue(database),
        runners=Runners(settings.store / "jobs", Cache(settings.cache), confinement=Confinement.of(settings)),
        expressions=Expressions(),
        started_at=now(),
    )
    context.worker = Worker(context)
    context.flows = Flows(context)
    context.lifecycle = Lifecycle(settings, context)
    await administrator.ensure(database, workspace=settings.workspace, token=settings.token)
    await context.runners.start()
    try:
        await context.worker.start()
        await context.lifecycle.serve(Application(context))
    finally:
        await context.runners.close()
        await context.expressions.close()
        database.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the server and give its exit status: 0, 2 (command line), 3 (store locked), 4 (store or port unusable)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = None
    try:
        settings = Settings.from_arguments(arguments)
        lock = StoreLock(settings.store)
        try:
            uvloop.run(serve(settings))
        finally:
            lock.release()
    except (FlexwmError, OSError) as problem:
        error = problem if isinstance(problem, FlexwmError) else _cannot_start(problem)
        print(f"flexwm: {error}", file=sys.stderr)
        if settings is not None and settings.ready_fd is not None:
            os.write(settings.ready_fd, start_failures.encode(error))
        return LOCKED if isinstance(error, StoreLocked) else UNUSABLE
    return 0


def _cannot_start(error: OSError) -> FlexwmError:
    """The error about what the system refuses."""
    why = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        return StoreFull(why=why)
    if error.errno in PORT_REFUSED:
        remedy = "Choose another with FLEXWM_PORT or --port; 0 takes any free one"
        return EngineNotReady("The local engine cannot have its port", why=why, remedy=remedy)
    return EngineNotReady("The local engine cannot start", why=why, remedy="See its log")


if __name__ == "__main__":
    sys.exit(main())
