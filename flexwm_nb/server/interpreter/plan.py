"""The start of a module: what is looked at before it, then its jobs."""

from __future__ import annotations

from typing import Any

from flexwm_nb.server.clock import render_time
from flexwm_nb.server.flows.openflow import BadModule, BranchAll, BranchOne, ForLoop, Identity, Value, WhileLoop
from flexwm_nb.server.interpreter import branches, loops, steps, suspend, transforms
from flexwm_nb.server.interpreter.draft import Draft, Outcome, dump, error
from flexwm_nb.server.interpreter.messages import Asking, Broken, Finish, JsonText, Push
from flexwm_nb.server.interpreter.state import NIL, ModuleState

UNREADABLE = "Internal: module was not convertible to acceptable value {}"
CHAINING = "Unexpected error during flow chaining: {}"
NOTHING = "{}"  # what a flow's own condition sees as the result before it
STOPPED = '"stopped early"'
OVERLAPPING = "not allowed to overlap with {}, scheduling next iteration"
SOURCE = "@flexwm"  # where Windmill names a position in its source


def start(draft: Draft) -> Asking[Outcome | None]:
    """Start the present module; how it ended where it needs no job."""
    try:
        return (yield from _start(draft))
    except suspend.Denied as denial:
        return Outcome(job=NIL, success=False, result=dump(denial.error), final=True)
    except BadModule as problem:
        return _break(draft, UNREADABLE.format(problem))
    except Broken as problem:
        return _break(draft, str(problem))


def _break(draft: Draft, text: str) -> Outcome | None:
    """The flow is at fault: the module has failed when the flow was being taken up, else the flow ends at once.

    A flow inside of another ends in either case, and it is the module above that has failed.
    """
    taken_up = error("Anyhow", f"Error: {text} {SOURCE}")
    if draft.pulled and not draft.facts.inside:
        return Outcome(job=NIL, success=False, result=taken_up)
    if draft.pulled:
        draft.emit(Finish(status="failure", result=taken_up))
    else:
        draft.emit(Finish(status="failure", result=error("InternalError", text), note=CHAINING.format(text)))
    return None


def _start(draft: Draft) -> Asking[Outcome | None]:
    if draft.node.top and draft.step == 0 and (unwanted := (yield from _why_skipped(draft))) is not None:
        draft.set_status(ModuleState("Success", draft.module.id, job=NIL, skipped=True))
        draft.change(step=1)
        draft.emit(Finish(status="skipped", result=unwanted))
        return None
    if _unasked(draft) and not (yield from suspend.pass_or_park(draft)):
        return None
    delay = yield from _delay(draft)
    module = draft.module
    names = draft.names(result=True)
    skipped = module.skip_if is not None and (yield from transforms.holds(module.skip_if.expr, names))
    if module.mock is not None and module.mock.enabled:
        _pass(draft, bytes(module.mock.return_value).decode(), delay)
    elif skipped:
        _pass(draft, draft.previous or "null", delay)
    else:
        return (yield from _by_kind(draft, draft.node.value(draft.step), delay))
    return None


def _why_skipped(draft: Draft) -> Asking[str | None]:
    """The result of a flow that is not to run: its schedule or its own condition says so. Raises Broken."""
    if draft.facts.overlapping:
        return dump(OVERLAPPING.format(", ".join(draft.facts.overlapping)))
    expression = draft.node.flow.skip_expr
    if expression is None:
        return None
    names = {
        "flow_input": JsonText(draft.arguments),
        "result": NOTHING,
        "previous_result": NOTHING,
        "WM_SCHEDULED_FOR": (render_time(draft.facts.scheduled_for) or "").replace("T", " ").replace("Z", " UTC"),
    }
    try:
        return STOPPED if (yield from transforms.holds(expression, names, results=False)) else None
    except Broken:
        if draft.node.failure is not None:  # it would be asked again before that module, in vain
            draft.pulled = False
        raise


def _unasked(draft: Draft) -> bool:
    """Whether the flow must be let go on before the module starts."""
    return not draft.asked and draft.status.type != "Failure" and suspend.pending(draft)


def _delay(draft: Draft) -> Asking[float]:
    """Seconds until the module's job is due: those of a retry, or the sleep of the module before."""
    if draft.retrying or not 0 < draft.step < len(draft.state.modules):
        return draft.delay
    before = draft.node.modules[draft.step - 1]
    return 0.0 if before.sleep is None else (yield from transforms.sleep(draft, before.sleep))


def _pass(draft: Draft, result: str, delay: float) -> None:
    """A job that hands a value on. Windmill takes any such job of a module that can be skipped for a skipped one."""
    skipped = draft.module.skip_if is not None and not draft.in_failure_module
    made = {"kind": "identity", "path": None, "tag": steps.FLOW_TAG}
    arguments = f'{{"previous_result": {result}}}'
    _push(draft, steps.push(draft, made, arguments, outcome=(True, result), delay=delay), skipped)


def _push(draft: Draft, command: Push, skipped: bool = False) -> None:
    """Push the module's only job."""
    draft.emit(command)
    draft.set_status(
        ModuleState(
            "WaitingForExecutor",
            draft.module.id,
            job=command.id,
            skipped=skipped or None,
            parent_module=draft.status.parent_module,
        )
    )


def _by_kind(draft: Draft, value: Value, delay: float) -> Asking[Outcome | None]:
    if isinstance(value, (ForLoop, WhileLoop)):
        return (yield from loops.begin(draft, value, delay))
    if isinstance(value, BranchOne):
        return (yield from branches.begin_one(draft, value, delay))
    if isinstance(value, BranchAll):
        return branches.begin_all(draft, value, delay)
    if isinstance(value, Identity):
        _pass(draft, draft.previous or "null", delay)
        return None
    made = yield from steps.fields(draft, value)
    if draft.module.timeout is not None:
        made["timeout"] = yield from transforms.seconds(draft.module.timeout, draft.names(result=True))
    more: dict[str, Any] = {"delay": delay}
    arguments = draft.again
    if arguments is None:
        try:
            arguments = yield from steps.make_arguments(draft, value.input_transforms)
        except transforms.Unmade as problem:
            arguments, more = "{}", {"outcome": (False, problem.result)}  # at once, whatever it was to wait for
    _push(draft, steps.push(draft, made, arguments, **more))
    return None
