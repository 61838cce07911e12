"""The end of a module: what it means for the flow, whose next module starts, or which ends."""

from __future__ import annotations

import json
from dataclasses import replace as with_fields

from msgspec.structs import replace

from flexwm_nb.server.interpreter import retry, stops
from flexwm_nb.server.interpreter.draft import UNASKED, Draft, Outcome, dump, error
from flexwm_nb.server.interpreter.messages import Arguments, Asking, Finish, SetArguments, Stop, Unevaluated
from flexwm_nb.server.interpreter.state import NIL, ModuleState, waiting
from flexwm_nb.server.jobs import outcomes

UNRECOGNIZED = "Bad request: Unrecognized module status for {} Failure {}"
CANCELED = "Flow job canceled"


def settle(draft: Draft, outcome: Outcome) -> Asking[bool]:
    """Note how the present module ended; whether a module is to start now."""
    if draft.facts.canceled is not None:
        cancel(draft, outcome.job)
        return False
    if draft.step < 0:
        return _settle_preprocessor(draft, outcome)
    if outcome.success:
        stop: Stop | None = outcome.stop
        if stop is None and not draft.in_failure_module:
            try:
                stop = yield from _stop(draft, outcome.result)
            except stops.Failed as failed:
                early = failed.early
                outcome = with_fields(outcome, success=False, result=failed.result, early=early, final=not early)
                return (yield from _failed(draft, outcome))
        return _succeeded(draft, outcome, stop)
    return (yield from _failed(draft, outcome))


def cancel(draft: Draft, job: str | None = None) -> None:
    """End the flow because somebody wants it; the module that was running failed."""
    by, reason = draft.facts.canceled or ("", outcomes.NO_REASON)
    status = draft.status
    if job is not None or status.type in ("InProgress", "WaitingForExecutor", "WaitingForEvents"):
        draft.set_status(replace(_closed(status), type="Failure", job=job or status.job or NIL, skipped=None))
    draft.emit(Finish(status="canceled", result=outcomes.canceled(by, reason), note=CANCELED))


def _settle_preprocessor(draft: Draft, outcome: Outcome) -> bool:
    """The preprocessor's result is what the flow is given."""
    state = draft.status
    if not outcome.success:
        draft.set_status(replace(state, type="Failure", job=outcome.job))
        draft.emit(Finish(status="failure", result=outcome.result))
        return False
    draft.set_status(replace(state, type="Success", job=outcome.job, skipped=False))
    found = json.loads(outcome.result)
    draft.arguments = dump(found if isinstance(found, dict) else {} if found is None else {"value": found})
    draft.emit(SetArguments(draft.arguments))
    draft.change(step=0)
    draft.previous, draft.pulled = draft.arguments, True
    if not draft.state.modules:
        draft.emit(Finish(status="success", result=draft.arguments))
    return bool(draft.state.modules)


def _stop(draft: Draft, result: str) -> Asking[Stop | None]:
    """Whether the flow ends after this module. Raises stops.Failed."""
    module, status = draft.module, draft.status
    if status.skipped:
        return None
    if status.many and status.flow_jobs:
        condition = module.stop_after_all_iters_if
        return None if condition is None else (yield from stops.applies_to_all(draft, condition, result))
    condition = module.stop_after_if  # also of a loop that has nothing to do
    return None if condition is None else (yield from stops.applies(draft, condition, result))


def _closed(status: ModuleState) -> ModuleState:
    """The status without what only a running module has."""
    return replace(status, iterator=None, branchall=None, parallel=None, while_loop=None, count=None)


def _succeeded(draft: Draft, outcome: Outcome, stop: Stop | None) -> bool:
    status = draft.status
    draft.set_status(
        replace(
            _closed(status),
            type="Success",
            job=outcome.job,
            failed_retries=retry.failed(draft),
            skipped=bool(status.skipped or (stop and stop.skip)),
        )
    )
    retry.forget(draft)
    if draft.in_failure_module:
        draft.change(step=draft.step + 1)
        found = json.loads(outcome.result) if '"recover"' in outcome.result else None
        recovers = isinstance(found, dict) and found.get("recover") is True
        draft.emit(Finish(status="success" if recovers else "failure", result=outcome.result, handled=True))
        return False
    return _go_on(draft, outcome.result, stop)


def _go_on(draft: Draft, result: str, stop: Stop | None = None) -> bool:
    """Turn to the next module, or end the flow with this result."""
    draft.change(step=draft.step + 1)
    draft.previous, draft.resume, draft.asked = result, UNASKED, False
    draft.delay, draft.again, draft.retrying = 0.0, None, False
    if stop is None and draft.step < len(draft.state.modules):
        return True
    skipped = stop is not None and stop.skip
    draft.emit(Finish(status="skipped" if skipped else "success", result=result, stop=stop))
    return False


def _failed(draft: Draft, outcome: Outcome) -> Asking[bool]:
    """Try again, pass over the failure, run the failure module, or end the flow."""
    if outcome.stop is not None:  # a condition inside has ended it, and nothing follows
        _close_as_failure(draft, outcome)
        draft.emit(Finish(status="failure", result=outcome.result, stop=outcome.stop, handled=outcome.handled))
        return False
    wait: float | None = None
    if not outcome.final:
        try:
            wait = yield from retry.wanted(draft, outcome.result)
        except Unevaluated as problem:
            result = json.dumps({"error": f"Error: {problem}"}, ensure_ascii=False)
            outcome = with_fields(outcome, result=result, final=True)
    ends = outcome.early and draft.node.failure is None
    if wait is not None and not ends:
        yield from _try_again(draft, outcome, wait)
        return True
    parallel = bool(draft.status.parallel)
    _close_as_failure(draft, outcome)
    if draft.in_failure_module:
        draft.emit(Finish(status="failure", result=outcome.result, handled=True))
        return False
    passed = bool(draft.module.continue_on_error) and not outcome.final
    if ends:
        if passed and wait is None:
            draft.change(step=draft.step + 1)
        draft.emit(Finish(status="failure", result=outcome.result, stop=Stop(skip=False)))
        return False
    if passed and outcome.early and draft.step + 1 == len(draft.state.modules):
        _turn_to_failure_module(draft, outcome.result, by_itself=True)
        return True
    if passed:
        return _pass_over(draft, outcome, parallel=parallel, loop=draft.status)
    if draft.node.failure is None or outcome.handled:
        draft.emit(Finish(status="failure", result=outcome.result, handled=outcome.handled))
        return False
    _turn_to_failure_module(draft, outcome.result)
    return True


def _close_as_failure(draft: Draft, outcome: Outcome) -> None:
    retries = retry.failed(draft)
    status = replace(_closed(draft.status), type="Failure", job=outcome.job, skipped=None)
    draft.set_status(replace(status, failed_retries=retries))


def _try_again(draft: Draft, outcome: Outcome, wait: float) -> Asking[None]:
    status = draft.status
    alone = status.flow_jobs is None and status.branch_chosen is None and outcome.job != NIL
    draft.again = (yield Arguments(outcome.job)) if alone else None
    retry.count(draft, outcome.job)
    parent = draft.module.id if draft.in_failure_module else None
    failed = ModuleState("Failure", status.id, job=outcome.job, parent_module=parent)
    draft.set_status(replace(failed, failed_retries=retry.failed(draft)))
    draft.delay, draft.retrying = wait, True


def _pass_over(draft: Draft, outcome: Outcome, *, parallel: bool, loop: ModuleState) -> bool:
    """Go on after a failure, which Windmill cannot where several jobs ran at once."""
    if parallel:
        name = "ForloopFlow" if loop.branch_chosen is None and loop.many and not _is_branches(draft) else "BranchAll"
        jobs = ", ".join(loop.flow_jobs or [])
        facts = f'{{ id: "{loop.id}", job: {loop.job}, flow_jobs: Some([{jobs}]) }}'
        draft.emit(Finish(status="failure", result=error("InternalError", UNRECOGNIZED.format(name, facts))))
        return False
    return _go_on(draft, outcome.result)


def _is_branches(draft: Draft) -> bool:
    return b'"branches"' in bytes(draft.module.value)


def _turn_to_failure_module(draft: Draft, result: str, *, by_itself: bool = False) -> None:
    """Start the failure module next, on behalf of the present module; `by_itself` where it is just what comes next."""
    assert draft.node.failure is not None
    failed = draft.node.failure.id if by_itself else draft.module.id
    draft.change(step=len(draft.state.modules))
    retry.begin_anew(draft, draft.node.failure.retry)
    draft.set_status(replace(waiting(draft.node.failure.id), parent_module=failed))
    draft.previous, draft.resume = result, UNASKED
    draft.delay, draft.again, draft.retrying = 0.0, None, False
