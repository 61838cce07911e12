"""What the interpreter asks, answered from the store and by the engine for expressions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flexwm_nb.server.clock import parse_hash
from flexwm_nb.server.expressions import ExpressionError, Scope
from flexwm_nb.server.flows import flow_results
from flexwm_nb.server.flows.flow_run import FlowRun, decoded_arguments
from flexwm_nb.server.interpreter import state
from flexwm_nb.server.interpreter.draft import Draft
from flexwm_nb.server.interpreter.messages import (
    Approval,
    Approvals,
    Arguments,
    Evaluate,
    FindFlow,
    FindScript,
    Item,
    JsonText,
    Question,
    Results,
    Unevaluated,
)
from flexwm_nb.server.interpreter.state import FlowState
from flexwm_nb.server.jobs import interpolation
from flexwm_nb.server.web.failures import Failure

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

PREVIOUS = ("previous_result", "error")  # what is found in the result before


class Answers:
    """Answers for one chain of transitions; `fresh` holds results that are not stored yet."""

    def __init__(self, context: Context, runs: Mapping[str, FlowRun]) -> None:
        """Read this server's store; `runs` holds the flows that go on."""
        self._runs = runs
        self._context, self._database = context, context.database
        self.fresh: dict[str, str] = {}  # job -> result
        self.given: dict[str, str] = {}  # job -> arguments

    async def to(self, question: Question, run: FlowRun, draft: Draft) -> Any:
        """The answer. Raises Unevaluated."""
        if isinstance(question, Evaluate):
            return await self._value(question, run, draft)
        if isinstance(question, Results):
            return self._results(question.jobs)
        if isinstance(question, Item):
            return json.dumps(self._items(run)[question.index], ensure_ascii=False)
        if isinstance(question, Arguments):
            if question.job in self.given:
                return self.given[question.job]
            row = self._database.one("flow_runs_arguments", id=question.job)
            return "{}" if row is None else row["arguments"]
        if isinstance(question, Approvals):
            return self._approvals(question.job)
        return self._runnable(question, run.job.workspace_id)

    def _results(self, jobs: tuple[str, ...]) -> list[str]:
        missing = [job for job in jobs if job not in self.fresh]
        found = dict(self.fresh)
        if missing:
            rows = self._database.read("flow_runs_results", jobs=json.dumps(missing))
            found.update((row["job_id"], row["result"]) for row in rows)
        return [found.get(job, "null") for job in jobs]

    def _items(self, run: FlowRun) -> list[Any]:
        if run.items is None:
            row = self._database.one("flow_runs_items", id=run.job.id)
            run.items = [] if row is None else json.loads(row["items"])
        return run.items

    def _approvals(self, job: str) -> list[Approval]:
        return [
            Approval(
                resume_id=row["resume_id"],
                value=json.loads(row["value"]),
                approver=row["approver"],
                approved=bool(row["approved"]),
            )
            for row in self._database.read("flow_runs_approvals", job=job)
        ]

    def _runnable(self, question: FindScript | FindFlow, workspace: str) -> dict[str, Any] | None:
        if isinstance(question, FindFlow):
            return self._database.one("flows_runnable", workspace=workspace, path=question.path)
        if question.hash:
            try:
                return self._database.one("jobs_script", workspace=workspace, hash=parse_hash(question.hash))
            except Failure:
                return None
        return self._database.one("jobs_live_script", workspace=workspace, path=question.path)

    async def _value(self, question: Evaluate, run: FlowRun, draft: Draft) -> Any:
        try:
            scope = self._scope(question, run, draft)
            return await self._context.expressions.evaluate(question.expression, scope)
        except ExpressionError as problem:
            raise Unevaluated(problem.text) from None

    def _scope(self, question: Evaluate, run: FlowRun, draft: Draft) -> Scope:
        """What the expression sees; only values whose names occur in it are read."""
        expression = question.expression
        names: dict[str, Any] = {}
        for name, value in question.names.items():
            if name in expression or (name in PREVIOUS and "error" in expression):
                names[name] = self._read(value, run)
        if "flow_env" in expression:
            names["flow_env"] = self._environment(run)

        async def result(step_id: str) -> Any:
            if draft.previous is not None and _before(draft) == step_id:
                return json.loads(draft.previous)
            found = flow_results.find(self._status, run, draft.state, step_id)
            if isinstance(found, list):
                return [json.loads(text) for text in self._results(tuple(found))]
            return None if found is None else json.loads(self._results((found,))[0])

        async def variable(path: str) -> Any:
            return self._refer(run, f"$var:{path}")

        async def resource(path: str) -> Any:
            return self._refer(run, f"$res:{path}")

        async def user_state(name: str) -> Any:
            return (root(run).state.user_states or {}).get(name)

        return Scope(
            names=names,
            result=result if question.results else None,
            variable=variable,
            resource=resource,
            user_state=user_state,
        )

    def _status(self, job_id: str) -> FlowState | None:
        """The status of a flow, None where the job is none."""
        if (run := self._runs.get(job_id)) is not None:
            return run.state
        row = self._database.one("flow_runs_status", id=job_id)
        return None if row is None or row["flow_status"] is None else state.decode(row["flow_status"])

    @staticmethod
    def _read(value: Any, run: FlowRun) -> Any:
        if not isinstance(value, JsonText):
            return value
        return decoded_arguments(run) if value == run.job.arguments else json.loads(value)

    def _refer(self, run: FlowRun, reference: str) -> Any:
        """What a reference stands for. Raises ExpressionError."""
        try:
            return interpolation.resolve(self._context, run.job.workspace_id, reference)
        except Failure as failure:
            raise ExpressionError(failure.text) from None

    def _environment(self, run: FlowRun) -> dict[str, Any]:
        """The environment of the nearest flow that has one."""
        above: FlowRun | None = run
        while above is not None and above.node.flow.flow_env is None:
            above = above.above
        if above is None:
            return {}
        if above.environment is None:
            given = {name: json.loads(bytes(raw)) for name, raw in (above.node.flow.flow_env or {}).items()}
            above.environment = {
                name: self._refer(run, value) if isinstance(value, str) and value.startswith("$") else value
                for name, value in given.items()
            }
        return above.environment


def _before(draft: Draft) -> str | None:
    """The id of the module before the present one."""
    modules = draft.state.modules
    return modules[draft.step - 1].id if 0 < draft.step <= len(modules) else None


def root(run: FlowRun) -> FlowRun:
    """The first of the runs above."""
    while run.above is not None:
        run = run.above
    return run
