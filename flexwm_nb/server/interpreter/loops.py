"""Loops: over a list or until something stops them, one by one or all at once."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from flexwm_nb.server.flows.openflow import ForLoop, Module, PathScript, RawScript, WhileLoop, read_value
from flexwm_nb.server.interpreter import children, steps, stops, transforms
from flexwm_nb.server.interpreter.draft import Draft, Outcome, dump
from flexwm_nb.server.interpreter.messages import (
    Asking,
    Broken,
    Ended,
    Item,
    JsonText,
    KeepItems,
    Push,
    Unevaluated,
)
from flexwm_nb.server.interpreter.nodes import Place
from flexwm_nb.server.interpreter.state import NIL, Iterator, ModuleState

Loop = ForLoop | WhileLoop
NO_LIST = "Expected an array value in the iterator expression, found: {}"
A_LIST = "a sequence"
ITER = "iter"


def begin(draft: Draft, value: Loop, delay: float) -> Asking[Outcome | None]:
    """Start a loop; its end where there is nothing to do. Raises Broken."""
    items: list[Any] | None = None
    if isinstance(value, ForLoop):
        items = yield from _items(draft, value)
    if items == [] or not value.modules:
        children.open_status(draft, [], iterator=Iterator(0, 0))
        return Outcome(job=NIL, success=True, result="[]")
    if isinstance(value, ForLoop) and value.parallel:
        yield from _begin_parallel(draft, value, items or [], delay)
    else:
        yield from _begin_sequential(draft, value, items, delay)
    return None


def _items(draft: Draft, value: ForLoop) -> Asking[list[Any]]:
    found = yield from transforms.value(value.iterator, draft.names(result=True))
    if not isinstance(found, list):
        raise Broken(NO_LIST.format(transforms.invalid(found, A_LIST)))
    return found


def _begin_parallel(draft: Draft, value: ForLoop, items: list[Any], delay: float) -> Asking[None]:
    """Push all iterations; some wait where only so many may run at once."""
    children.check_parallel(draft, len(items))
    limit = len(items)
    if value.parallelism is not None:
        limit = max((yield from transforms.number(value.parallelism, draft.names(result=True), "u16")), 1)
    pushed = []
    for index, item in enumerate(items):
        waits = index - limit + 1 if index >= limit else None
        place = Place(draft.step, None, index)
        arguments = iteration_arguments(draft.arguments, index, item)
        pushed.append(children.push(draft, place, f"forloop-{index}", arguments, suspend=waits, delay=delay))
    draft.commands.extend(pushed)
    jobs = [command.id for command in pushed]
    children.open_status(draft, jobs, iterator=Iterator(0, len(items)), parallel=True)
    draft.set_status(replace(draft.status, job=draft.facts.job))


def _begin_sequential(draft: Draft, value: Loop, items: list[Any] | None, delay: float) -> Asking[None]:
    """Push the first iteration, or the first after those that are kept of another run. Raises Broken."""
    kept = children.kept_of_restart(draft)
    index = len(kept.flow_jobs or []) if kept else 0
    if items is not None:
        if index >= len(items):
            raise Broken(f"The list has {len(items)} items now: iteration {index} cannot be started")
        draft.emit(KeepItems(items))
    command = yield from _iteration(draft, value, index, index if items is None else items[index], delay)
    draft.emit(command)
    children.open_status(
        draft,
        [command.id],
        kept,
        iterator=Iterator(index, None if items is None else len(items)),
        while_loop=True if items is None else None,
    )


def iteration_arguments(arguments: str, index: int, item: Any) -> str:
    """The flow's arguments with `iter`; those of loops around it are renamed."""
    given = json.loads(arguments)
    made = {f"{name}_parent" if name == ITER or name.startswith("iter_parent") else name: given[name] for name in given}
    made[ITER] = {"index": index, "value": item}
    return dump(made)


def _iteration(draft: Draft, value: Loop, index: int, item: Any, delay: float = 0.0) -> Asking[Push]:
    """The command for one iteration of a loop that goes one by one."""
    arguments = iteration_arguments(draft.arguments, index, item)
    if is_direct(draft, value):
        return (yield from _direct(draft, value, arguments, delay))
    return children.push(draft, Place(draft.step, None, index), f"loop-{index}", arguments, delay=delay)


def is_direct(draft: Draft, value: Loop) -> bool:
    """Whether iterations are the only step's own jobs, without a flow around each."""
    if len(value.modules) != 1 or not (draft.facts.deployed or isinstance(value, WhileLoop)):
        return False
    return _is_plain(value.modules[0]) and draft.node.failure is None


def _is_plain(module: Module) -> bool:
    """Whether a module is nothing but a script."""
    special = (
        module.sleep, module.suspend, module.cache_ttl, module.retry, module.stop_after_if, module.skip_if,
        module.mock, module.timeout,
    )  # fmt: skip
    return not any(special) and isinstance(read_value(module.value), (RawScript, PathScript))


def _direct(draft: Draft, value: Loop, arguments: str, delay: float) -> Asking[Push]:
    only = read_value(value.modules[0].value)
    assert isinstance(only, (RawScript, PathScript))
    made = yield from steps.fields(draft, only)
    names = {"flow_input": JsonText(arguments), "previous_result": JsonText(arguments)}
    more: dict[str, Any] = {"delay": delay}
    try:
        given = yield from transforms.arguments(only.input_transforms, names)
    except transforms.Unmade as problem:
        given, more = "{}", {"outcome": (False, problem.result)}
    return steps.push(draft, made, given, **more)


def ended(draft: Draft, value: Loop, event: Ended) -> Asking[Outcome | None]:
    """An iteration has ended: the next one, or the end of the loop. Raises Broken."""
    status = children.note_end(draft, event)
    if status.parallel:
        return (yield from _ended_parallel(draft, value, event, status))
    try:
        broken = event.stop is not None or (event.success and (yield from _breaks(draft, status, event)))
    except Unevaluated:
        draft.set_status(children.note_end(draft, event, failed=True))
        return Outcome(job=event.job, success=False, result=(yield from children.results(status)), final=True)
    goes_on = (event.success or value.skip_failures) and not broken
    index = (status.iterator.index if status.iterator else 0) + 1
    length = status.iterator.itered_len if status.iterator else None
    if goes_on and length is not None and index >= length:
        goes_on = False
    if not goes_on:
        draft.set_status(status)
        result = yield from children.results(status)
        return Outcome(
            job=event.job, success=event.success or value.skip_failures, result=result, handled=event.handled
        )
    item = index if isinstance(value, WhileLoop) else json.loads((yield Item(index)))
    command = yield from _iteration(draft, value, index, item)
    draft.emit(command)
    draft.set_status(children.add_job(status, command.id, iterator=Iterator(index, length)))
    return None


def _breaks(draft: Draft, status: ModuleState, event: Ended) -> Asking[bool]:
    """Whether the loop's own condition ends it after this iteration: whatever else it says. Raises Unevaluated."""
    condition = draft.module.stop_after_if
    if condition is None:
        return False
    more: dict[str, Any] = {}
    if "all_iters" in condition.expr:
        more["all_iters"] = JsonText((yield from children.results(status)))
    return (yield from stops.holds(draft, condition, event.result, **more))


def _ended_parallel(draft: Draft, value: Loop, event: Ended, status: ModuleState) -> Asking[Outcome | None]:
    """One of all iterations has ended."""
    done = (status.iterator.index if status.iterator else 0) + 1
    status = replace(status, iterator=Iterator(done, status.iterator.itered_len if status.iterator else None))
    draft.set_status(status)
    if done < len(status.flow_jobs or []):
        if isinstance(value, ForLoop) and value.parallelism is not None:
            children.release(draft)
        return None
    success = value.skip_failures or all(status.flow_jobs_success or [])
    result = yield from children.results(status)
    return Outcome(job=event.job, success=success, result=result, handled=not success)
