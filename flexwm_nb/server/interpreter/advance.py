"""From a flow's status and an event to its new status and what is to be done."""

from __future__ import annotations

from flexwm_nb.server.flows.openflow import BadModule, BranchAll, ForLoop, WhileLoop
from flexwm_nb.server.interpreter import branches, ending, loops, plan
from flexwm_nb.server.interpreter.draft import Draft, Outcome, error
from flexwm_nb.server.interpreter.messages import (
    Asking,
    Broken,
    Canceled,
    Ended,
    Event,
    Finish,
    Results,
    Started,
    Woken,
)
from flexwm_nb.server.interpreter.state import NIL


def advance(draft: Draft, event: Event) -> Asking[None]:
    """Carry the event out on the draft: its `state` and `commands` are the outcome."""
    if isinstance(event, Canceled):
        ending.cancel(draft)
    elif isinstance(event, Started):
        yield from _started(draft)
    elif isinstance(event, Woken):
        yield from _woken(draft)
    else:
        yield from _ended(draft, event)


def _started(draft: Draft) -> Asking[None]:
    """Begin the flow, or go on where another run is taken up."""
    draft.pulled = True
    if not draft.state.modules and draft.step >= 0:
        draft.emit(Finish(status="success", result=draft.arguments))
        return
    draft.asked = draft.step > 0
    draft.previous = yield from result_before(draft)
    yield from _run(draft)


def _woken(draft: Draft) -> Asking[None]:
    """Look whether the flow may go on."""
    if draft.status.type == "WaitingForEvents":
        draft.pulled = True
        draft.previous = yield from result_before(draft)
        yield from _run(draft)


def _ended(draft: Draft, event: Ended) -> Asking[None]:
    """A job of the present module has ended."""
    try:
        outcome = yield from _outcome(draft, event)
    except (Broken, BadModule) as problem:
        draft.emit(
            Finish(
                status="failure",
                result=error("InternalError", str(problem)),
                note=plan.CHAINING.format(problem),
            )
        )
        return
    if outcome is not None and (yield from ending.settle(draft, outcome)):
        if draft.retrying or draft.in_failure_module:
            draft.previous = draft.previous or (yield from result_before(draft))
        yield from _run(draft)


def _outcome(draft: Draft, event: Ended) -> Asking[Outcome | None]:
    """How the present module ended, None when it goes on. Raises Broken or BadModule."""
    status = draft.status
    canceled = draft.facts.canceled is not None
    of_failure_module = draft.in_failure_module and not status.parallel  # Windmill's ends with its first job
    if canceled or of_failure_module or status.flow_jobs is None or status.branch_chosen is not None:
        return Outcome(
            job=event.job, success=event.success, result=event.result, stop=event.stop, handled=event.handled
        )
    value = draft.node.value(draft.step)
    if isinstance(value, (ForLoop, WhileLoop)):
        return (yield from loops.ended(draft, value, event))
    assert isinstance(value, BranchAll)
    return (yield from branches.ended(draft, value, event))


def _run(draft: Draft) -> Asking[None]:
    """Start the present module, and those after it that need no job of those before."""
    while (outcome := (yield from plan.start(draft))) is not None:
        draft.pulled = False
        if not (yield from ending.settle(draft, outcome)):
            return


def result_before(draft: Draft) -> Asking[str]:
    """The result that the present module goes on from."""
    for status in reversed(draft.state.modules[: max(draft.step, 0)]):
        if status.many:
            texts: list[str] = (yield Results(tuple(status.flow_jobs or ()))) if status.flow_jobs else []
            return f"[{', '.join(texts)}]"
        if status.job not in (None, NIL):
            (text,) = yield Results((status.job or "",))
            return str(text)
    return draft.arguments
