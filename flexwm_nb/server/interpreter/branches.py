"""Branches: the first whose predicate holds, or all, one by one or at once."""

from __future__ import annotations

from msgspec.structs import replace

from flexwm_nb.server.flows.openflow import BranchAll, BranchOne
from flexwm_nb.server.interpreter import children, transforms
from flexwm_nb.server.interpreter.draft import Draft, Outcome, error
from flexwm_nb.server.interpreter.messages import Asking, Broken, Ended
from flexwm_nb.server.interpreter.nodes import Place
from flexwm_nb.server.interpreter.state import NIL, BranchAllState, Chosen, ModuleState

DEFAULT = -1
NOTHING_BEFORE = '"{}"'  # the result of an empty branch that is the first module


def begin_one(draft: Draft, value: BranchOne, delay: float) -> Asking[Outcome | None]:
    """Start the branch whose predicate holds; the module's end where the branch is empty."""
    try:
        branch = yield from _choose(draft, value)
    except Broken as problem:
        return Outcome(job=NIL, success=False, result=error("Anyhow", str(problem)))
    chosen = Chosen("default") if branch == DEFAULT else Chosen("branch", branch)
    modules = value.default if branch == DEFAULT else value.branches[branch].modules
    if not modules:
        draft.set_status(ModuleState("InProgress", draft.module.id, job=NIL, branch_chosen=chosen))
        result = NOTHING_BEFORE if draft.step == 0 else draft.previous or "null"
        return Outcome(job=NIL, success=True, result=result)
    place = Place(draft.step, branch, branch + 1)
    command = children.push(draft, place, f"branchone-{branch + 1}", draft.arguments, delay=delay)
    draft.emit(command)
    draft.set_status(ModuleState("InProgress", draft.module.id, job=command.id, branch_chosen=chosen))
    return None


def _choose(draft: Draft, value: BranchOne) -> Asking[int]:
    """The first branch whose predicate holds; that of the run that is taken up inside of it. Raises Broken."""
    taken_up = draft.state.restarted_from or {}
    if taken_up.get("step_id") == draft.module.id and taken_up.get("nested"):
        chosen = taken_up["branch_chosen"]
        return int(chosen["branch"]) if chosen["type"] == "branch" else DEFAULT
    for number, branch in enumerate(value.branches):
        if (yield from transforms.holds(branch.expr, draft.names(result=True))):
            return number
    return DEFAULT


def begin_all(draft: Draft, value: BranchAll, delay: float) -> Outcome | None:
    """Start all branches, or the first; the module's end where there are none. Raises Broken."""
    count = len(value.branches)
    if not count:
        children.open_status(draft, [], branchall=BranchAllState(0, 0))
        return Outcome(job=NIL, success=True, result="[]")
    kept = None if value.parallel else children.kept_of_restart(draft)
    first = len(kept.flow_jobs or []) if kept else 0
    if value.parallel:
        children.check_parallel(draft, count)
    numbers = range(count) if value.parallel else range(first, first + 1)
    jobs = []
    for number in numbers:
        jobs.append(_push(draft, number, delay))
    progress = BranchAllState(0 if value.parallel else first, count)
    children.open_status(draft, jobs, kept, branchall=progress, parallel=value.parallel or None)
    if value.parallel:
        draft.set_status(replace(draft.status, job=draft.facts.job))
    return None


def _push(draft: Draft, number: int, delay: float = 0.0) -> str:
    place = Place(draft.step, number, number)
    command = children.push(draft, place, f"branchall-{number}", draft.arguments, delay=delay)
    draft.emit(command)
    return command.id


def ended(draft: Draft, value: BranchAll, event: Ended) -> Asking[Outcome | None]:
    """A branch has ended: the next one, or the end of the module."""
    status = children.note_end(draft, event)
    progress = status.branchall or BranchAllState(0, len(value.branches))
    if status.parallel:
        done = replace(status, branchall=BranchAllState(progress.branch + 1, progress.len))
        return (yield from _ended_parallel(draft, value, event, done))
    success = event.success or value.branches[progress.branch].skip_failure
    if success and event.stop is None and progress.branch + 1 < progress.len:
        job = _push(draft, progress.branch + 1)
        draft.set_status(children.add_job(status, job, branchall=BranchAllState(progress.branch + 1, progress.len)))
        return None
    draft.set_status(status)
    result = yield from children.results(status)
    return Outcome(job=event.job, success=success, result=result, stop=event.stop, handled=event.handled)


def _ended_parallel(draft: Draft, value: BranchAll, event: Ended, status: ModuleState) -> Asking[Outcome | None]:
    """One of all branches has ended."""
    draft.set_status(status)
    assert status.branchall is not None
    if status.branchall.branch < status.branchall.len:
        return None
    pairs = zip(status.flow_jobs_success or [], value.branches, strict=False)
    success = all(good or branch.skip_failure for good, branch in pairs)
    result = yield from children.results(status)
    return Outcome(job=event.job, success=success, result=result, handled=not success)
