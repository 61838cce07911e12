"""A run of a flow, or of a part of one, as memory holds it while it goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from msgspec import structs

from flexwm_nb.server.clock import render_time
from flexwm_nb.server.flows import flow_jobs
from flexwm_nb.server.interpreter import nodes, state
from flexwm_nb.server.interpreter.draft import Draft, Facts
from flexwm_nb.server.interpreter.nodes import Node
from flexwm_nb.server.interpreter.state import Durations, FlowState, ModuleState
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.store.database import Database

PREVIEWS = frozenset({"flowpreview"})
GOOD = {"success": True, "skipped": True, "failure": False, "canceled": False}


class FlowRun:
    """One job that is interpreted."""

    def __init__(self, job: Job, node: Node, above: FlowRun | None, status: FlowState) -> None:
        """Hold its status; `above` is the run that pushed it."""
        self.job, self.node, self.above, self.state = job, node, above, status
        self.stored = status  # what others are shown: nothing of a transition before it is durable
        self.depth: int = 0 if above is None else above.depth + 1
        self.suspend: int | None = None
        self.suspend_until: int | None = None
        self.canceled: tuple[str, str] | None = None
        self.overlapping: tuple[str, ...] = ()
        self.lock = asyncio.Lock()
        self.log: list[str] = []
        self.items: list[Any] | None = None
        self.flow_input: Any = None  # the arguments, decoded when first needed
        self.environment: dict[str, Any] | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is an iteration or a branch of the run above it."""
        return self.job.flow_place is not None

    def facts(self) -> Facts:
        """What a transition knows of the job."""
        job = self.job
        return Facts(
            job=job.id,
            path=flow_jobs.path_of(job),
            deployed=job.kind not in PREVIEWS,
            same_worker=job.same_worker or (self.node.top and self.node.flow.same_worker),
            priority=job.priority,
            tag=job.tag,
            interpreter=job.interpreter,
            suspend_until=self.suspend_until,
            started_at=render_time(job.started_at),
            canceled=self.canceled,
            scheduled_for=job.scheduled_for,
            inside=self.above is not None,
            overlapping=self.overlapping,
        )

    def draft(self, now: int, new_id: Callable[[], str], chance: Callable[[], float]) -> Draft:
        """A transition that begins from the present status."""
        return Draft(
            node=self.node,
            state=self.state,
            arguments=self.job.arguments,
            facts=self.facts(),
            now=now,
            new_id=new_id,
            chance=chance,
        )

    def set_arguments(self, arguments: str) -> None:
        """Take what a preprocessor made."""
        self.job = replace(self.job, arguments=arguments)
        self.flow_input = None


def begin(job: Job, above: FlowRun | None) -> FlowRun:
    """The run of a flow that starts. Raises Failure 422 for a document that is none."""
    node = node_of(job, above)
    if job.flow_status is not None:
        status = state.decode(job.flow_status)
    else:
        chat = node.flow.chat_input_enabled if node.top else None
        status = state.initial([module.id for module in node.modules], chat=chat)
    return FlowRun(job, node, above, status)


def node_of(job: Job, above: FlowRun | None) -> Node:
    """The modules that a job interprets."""
    place = flow_jobs.place_of(job)
    if place is None or above is None:
        return nodes.node(job.raw_flow or "{}")
    return above.node.child(place)


def load(database: Database, row: Row, above: FlowRun | None) -> FlowRun:
    """The run of a flow that goes on from what the store holds."""
    run = begin(Job.of_row(row), above)
    run.suspend, run.suspend_until = row["suspend"], row["suspend_until"]
    if row["canceled_by"] is not None:
        run.canceled = (row["canceled_by"], row["canceled_reason"] or "")
    step, modules = run.state.step, run.state.modules.copy()
    if not 0 <= step < len(modules) or run.state.restarted_from is not None:
        return run
    running = modules[step]
    if running.type == "InProgress" and running.flow_jobs:
        modules[step] = _with_jobs(running, _children(database, run, running))
        run.state = run.stored = structs.replace(run.state, modules=modules)
    return run


def _children(database: Database, run: FlowRun, running: ModuleState) -> list[Row]:
    first = (running.flow_jobs or [""])[0]
    return database.read("flow_runs_children", flow=run.job.id, step=running.id, first=first)


def _with_jobs(status: ModuleState, rows: list[Row]) -> ModuleState:
    """The status of a loop or of branches with the lists that its jobs' own records tell."""
    ended = [GOOD.get(row["status"]) for row in rows]
    status = structs.replace(
        status,
        flow_jobs=[row["id"] for row in rows],
        flow_jobs_success=ended,
        flow_jobs_duration=Durations(
            [render_time(row["started_at"]) for row in rows], [row["duration_ms"] for row in rows]
        ),
    )
    if not status.parallel:
        return status
    done = sum(success is not None for success in ended)
    if status.iterator is not None:
        return structs.replace(status, iterator=structs.replace(status.iterator, index=done))
    assert status.branchall is not None
    return structs.replace(status, branchall=structs.replace(status.branchall, branch=done))


def decoded_arguments(run: FlowRun) -> Any:
    """What the flow was given."""
    if run.flow_input is None:
        run.flow_input = json.loads(run.job.arguments)
    return run.flow_input
