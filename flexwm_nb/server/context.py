"""The parts of a running server, handed to every route."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flexwm_nb.server.metrics import Metrics

if TYPE_CHECKING:
    from flexwm_nb.server.expressions import Expressions
    from flexwm_nb.server.flows.runs import Flows
    from flexwm_nb.server.jobs.files import Files
    from flexwm_nb.server.jobs.logs import Logs
    from flexwm_nb.server.jobs.queue import Queue
    from flexwm_nb.server.jobs.worker import Worker
    from flexwm_nb.server.runners.registry import Runners
    from flexwm_nb.server.secrets import Secrets
    from flexwm_nb.server.settings import Settings
    from flexwm_nb.server.store.connections import Row
    from flexwm_nb.server.store.database import Database
    from flexwm_nb.server.web.http import Identity
    from flexwm_nb.server.web.lifecycle import Lifecycle


@dataclass(slots=True, kw_only=True)
class Context:
    """What is running. One a server, made by `app.build`."""

    settings: Settings
    database: Database
    secrets: Secrets
    logs: Logs
    files: Files
    queue: Queue
    runners: Runners
    expressions: Expressions
    started_at: int  # microseconds
    worker: Worker = field(init=False)
    flows: Flows = field(init=False)
    lifecycle: Lifecycle = field(init=False)
    job_tokens: dict[str, Identity] = field(default_factory=dict)  # token of a running job -> who it acts as
    identities: dict[tuple[str, str | None], Identity] = field(default_factory=dict)  # token's hash, workspace

    accounts: dict[tuple[str, str], Row] = field(default_factory=dict)  # workspace, e-mail -> what they may do

    metrics: Metrics = field(default_factory=Metrics)

    found_locks: OrderedDict[str, str] = field(default_factory=OrderedDict)  # source and lock -> job that found it

    def forget_identities(self) -> None:
        """Look tokens and members up anew: something about them has changed."""
        self.identities.clear()
        self.accounts.clear()
