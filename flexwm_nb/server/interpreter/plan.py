"""The start of a module: what is looked at before it, then its jobs."""

from __future__ import annotations

from typing import Any

from flexwm_nb.server.flows.openflow import BadModule, BranchAll, BranchOne, ForLoop, Identity, Value, WhileLoop
from flexwm_nb.server.interpreter import branches, loops, steps, suspend, transforms
from flexwm_nb.server.interpreter.draft import Draft, Outcome, dump, error
from flexwm_nb.server.interpreter.messages import Asking, Broken, Finish, Push
from flexwm_nb.server.interpreter.state import NIL, ModuleState

UNREADABLE = "module was not convertible to acceptable value {}"
CHAINING = "Unexpected error during flow chaining: {}"
SOURCE = "@flexwm"  # where Windmill names a position in its source


def start(draft: Draft) -> Asking[Outcome | None]:
    """Start the present module; how it ended where it needs no job."""
    try:
        return (yield from _start(draft))
    except suspend.Denied as denial:
        return Outcome(job=NIL, success=False, result=dump(denial.error))
    except BadModule as problem:
        return _break(draft, UNREADABLE.format(problem))
    except Broken as problem:
        return _break(draft, str(problem))


def _break(draft: Draft, text: str) -> Outcome | None:
    """The flow is at fault: its failure module runs when it was being taken up, else it ends at once."""
    if draft.pulled:
        return Outcome(job=NIL, success=False, result=error("Anyhow", f"Error: {text} {SOURCE}"), final=True)
    draft.emit(Finish(status="failure", result=error("InternalError", text), note=CHAINING.format(text)))
    return None


def _start(draft: Draft) -> Asking[Outcome | None]:
    if _unasked(draft) and not (yield from suspend.pass_or_park(draft)):
        return None
    delay = yield from _delay(draft)
    module = draft.module
    names = draft.names(result=True)
    skipped = module.skip_if is not None and (yield from transforms.holds(module.skip_if.expr, names))
    if module.mock is not None and module.mock.enabled:
        _pass(draft, bytes(module.mock.return_value).decode(), delay, skipped)
    elif skipped:
        _pass(draft, draft.previous or "null", delay, skipped)
    else:
        return (yield from _by_kind(draft, draft.node.value(draft.step), delay))
    return None


def _unasked(draft: Draft) -> bool:
    """Whether the flow must be let go on before the module starts."""
    ran = draft.status.type == "Failure" and draft.status.job != NIL
    return not draft.asked and not ran and suspend.pending(draft)


def _delay(draft: Draft) -> Asking[float]:
    """Seconds until the module's job is due: those of a retry, or the sleep of the module before."""
    if draft.retrying or not 0 < draft.step < len(draft.state.modules):
        return draft.delay
    before = draft.node.modules[draft.step - 1]
    return 0.0 if before.sleep is None else (yield from transforms.sleep(draft, before.sleep))


def _pass(draft: Draft, result: str, delay: float, skipped: bool) -> None:
    """A job that hands a value on."""
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
        _pass(draft, draft.previous or "null", delay, skipped=False)
        return None
    made = yield from steps.fields(draft, value)
    if draft.module.timeout is not None:
        made["timeout"] = (yield from transforms.seconds(draft.module.timeout, draft.names(result=True))) or None
    more: dict[str, Any] = {"delay": delay}
    arguments = draft.again
    if arguments is None:
        try:
            arguments = yield from steps.make_arguments(draft, value.input_transforms)
        except transforms.Unmade as problem:
            arguments, more["outcome"] = "{}", (False, problem.result)
    _push(draft, steps.push(draft, made, arguments, **more))
    return None
