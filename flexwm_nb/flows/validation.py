"""What is wrong with a flow, found before it is sent: every problem at once, with step and field; pure.

Problems are errors (the flow cannot run as it is meant) or warnings (it can, but hardly as meant). What depends on
values that only a run knows is left to the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flexwm_nb import signatures
from flexwm_nb.errors import InvalidFlow, InvalidSource
from flexwm_nb.flows import expressions
from flexwm_nb.flows.inputs import input_problems
from flexwm_nb.flows.problems import ERROR, WARNING, Problem, meant, unknown_input
from flexwm_nb.flows.shapes import parse, refused
from flexwm_nb.models.flows import (
    AiAgent,
    BranchAll,
    BranchOne,
    FlowModule,
    ForLoop,
    OpenFlow,
    PathFlow,
    PathScript,
    RawScript,
    WhileLoop,
    all_modules,
    bodies,
    walk,
    walk_places,
)

__all__ = ["ERROR", "WARNING", "Problem", "check", "expressions_of", "parse", "problems", "readable", "unknown_input"]

Schemas = Callable[[str, str], "Mapping[str, Any] | None"]  # kind (script, flow), path → schema of its inputs
PATH = re.compile(r"(?:[ufg]|hub)/.+")
ID = re.compile(r"[A-Za-z0-9_-]+")
RESERVED = frozenset(["failure", "preprocessor"])
WITHOUT_RESULTS = "`results` is not known there"


def check(document: Any, schemas: Schemas | None = None, *, path: str | None = None) -> list[Problem]:
    """Raise InvalidFlow where something is wrong; give the warnings."""
    found = problems(document, schemas, path=path)
    errors = [problem for problem in found if problem.severity == ERROR]
    if errors:
        raise refused(errors)
    return found


def problems(document: Any, schemas: Schemas | None = None, *, path: str | None = None) -> list[Problem]:
    """Everything that is wrong. `schemas` gives what scripts and flows take; `path` is the flow's own."""
    try:
        flow = parse(document)
    except InvalidFlow as error:
        return list(error.details["problems"])
    return list(_Check(flow, schemas, path).all())


def readable(document: Any, mark: str) -> list[str] | None:
    """The steps whose results the expression may read that holds a mark; None for a document that is not whole."""
    try:
        check = _Reader(parse(document), None, None, mark)
    except InvalidFlow:
        return None
    for _ in check.all():
        pass
    return check.found


def expressions_of(module: Mapping[str, Any]) -> Iterator[str]:
    """Every expression of a module's document, not of those inside of it."""
    found = module.get("value")
    value = found if isinstance(found, Mapping) else {}
    transforms = value.get("input_transforms")
    inputs = list(transforms.values()) if isinstance(transforms, Mapping) else []
    own = [module.get(name) for name in ("stop_after_if", "stop_after_all_iters_if", "skip_if", "sleep", "timeout")]
    inner = [value.get("iterator"), value.get("parallelism"), *inputs]
    branches = value.get("branches")
    for part in [*own, *inner, *(branches if isinstance(branches, list) else [])]:
        if isinstance(part, Mapping) and isinstance(part.get("expr"), str):
            yield part["expr"]


@dataclass
class _Scope:
    """What a step can read."""

    known: frozenset[str]  # ids of steps that have ended
    loop: bool = False  # inside of a loop
    later_rounds: frozenset[str] = frozenset()  # ids that an earlier iteration may have ended
    certain: bool = True  # runs whenever the flow does


@dataclass
class _Check:
    """One flow's check."""

    flow: OpenFlow
    schemas: Schemas | None
    path: str | None
    ids: frozenset[str] = field(init=False)
    hidden: dict[str, str] = field(init=False)  # id inside of a parallel loop → the loop's

    def __post_init__(self) -> None:
        every = list(all_modules(self.flow.value))
        self.ids = frozenset(module.id for module in every)
        self.hidden = {
            inner.id: module.id
            for module in every
            if isinstance(module.value, ForLoop) and module.value.parallel
            for inner in walk(module.value.modules)
        }

    def all(self) -> Iterator[Problem]:
        """Every problem, in the order of the steps."""
        value = self.flow.value
        yield from self._ids()
        if value.skip_expr is not None:
            yield from _syntax("", "skip_expr", value.skip_expr, results=False)
        if value.early_return and value.early_return not in self.ids:
            text = f"there is no step {value.early_return}{meant(value.early_return, self.ids)}"
            yield Problem("", "early_return", text, WARNING)
        if value.preprocessor_module is not None:
            yield from self._step(value.preprocessor_module, _Scope(frozenset()))
        yield from self._body(value.modules, _Scope(frozenset()))
        if value.failure_module is not None:
            yield from self._step(value.failure_module, _Scope(self.ids, certain=False))

    def _ids(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for place, module in walk_places(self.flow.value.modules, ("value", "modules")):
            if not module.id:
                yield Problem(module.summary or "", "id", "a step needs an id", place=place)
            elif not ID.fullmatch(module.id):
                yield Problem(module.id, "id", "an id has letters, digits, _ and - only")
            elif module.id in RESERVED:
                yield Problem(module.id, "id", f"{module.id} is the id of the flow's {module.id} handler")
            elif module.id in seen:
                yield Problem(module.id, "id", "another step has this id")
            seen.add(module.id)

    def _body(self, modules: list[FlowModule], scope: _Scope) -> Iterator[Problem]:
        """The steps of one list, each with what was before it."""
        known, ended_by = set(scope.known), None
        for module in modules:
            here = _Scope(frozenset(known), scope.loop, scope.later_rounds, scope.certain and ended_by is None)
            if ended_by is not None:
                yield Problem(module.id, "", f"it is never reached: the flow always ends after {ended_by}", WARNING)
                ended_by = None
            yield from self._step(module, here)
            known |= self._visible(module)
            if module.stop_after_if and expressions.constant(module.stop_after_if.expr) and not bodies(module.value):
                ended_by = module.id

    def _visible(self, module: FlowModule) -> set[str]:
        """The ids that later steps can read once this one has ended."""
        return {module.id, *(inner.id for body in bodies(module.value) for inner in walk(body))} - {""}

    def _step(self, module: FlowModule, scope: _Scope) -> Iterator[Problem]:
        yield from self._settings(module, scope)
        value = module.value
        if isinstance(value, RawScript):
            yield from _code(module.id, value)
        if isinstance(value, RawScript | PathScript | PathFlow | AiAgent):
            for name, transform in value.input_transforms.items():
                if transform.type == "javascript":
                    yield from self._expression(module.id, f"input {name}", transform.expr, scope)
            yield from input_problems(module, self.flow.schema, self.schemas, in_loop=scope.loop)
        if isinstance(value, PathScript | PathFlow):
            yield from self._reference(module, value, scope)
        if isinstance(value, ForLoop | WhileLoop):
            yield from self._loop(module, value, scope)
        elif isinstance(value, BranchOne):
            yield from self._branch_one(module, value, scope)
        elif isinstance(value, BranchAll):
            yield from self._branch_all(value, scope)

    def _settings(self, module: FlowModule, scope: _Scope) -> Iterator[Problem]:
        after = _Scope(scope.known | self._visible(module), scope.loop, scope.later_rounds)
        for name, stop in (
            ("stop_after_if", module.stop_after_if),
            ("stop_after_all_iters_if", module.stop_after_all_iters_if),
        ):
            if stop is not None:
                yield from self._expression(module.id, name, stop.expr, after)
                if "skip_if_stopped" not in stop.model_fields_set:
                    yield Problem(module.id, name, "skip_if_stopped is missing (true or false)")
        if module.skip_if is not None:
            yield from self._expression(module.id, "skip_if", module.skip_if.expr, scope)
        if module.sleep is not None:
            yield from self._seconds(module.id, "sleep", module.sleep.to_wire(), None)
        yield from self._seconds(module.id, "timeout", module.timeout, scope)
        yield from self._retry(module)
        if module.suspend is not None and isinstance(groups := module.suspend.user_groups_required, Mapping):
            yield from _syntax(module.id, "suspend.user_groups_required", groups.get("expr"), results=False)
        if module.priority is not None and not -100 <= module.priority <= 100:  # Windmill's own limits
            yield Problem(module.id, "priority", f"{module.priority} is not between −100 and 100")
        if module.continue_on_error and isinstance(module.value, ForLoop | BranchAll) and _is_parallel(module.value):
            text = "Windmill ends the whole flow when a parallel loop or fork with it fails"
            yield Problem(module.id, "continue_on_error", text, WARNING)

    def _retry(self, module: FlowModule) -> Iterator[Problem]:
        if module.retry is None:
            return
        if module.retry.retry_if is not None:
            yield from _syntax(module.id, "retry.retry_if", module.retry.retry_if.expr, results=False)
        exponential = module.retry.exponential
        if exponential is not None and exponential.attempts > 0 and exponential.seconds == 0:
            yield Problem(module.id, "retry.exponential.seconds", "Windmill takes no exponential retry of 0 seconds")
        for name in ("constant", "exponential"):
            found = getattr(module.retry, name)
            if found is not None and (found.attempts < 0 or found.seconds < 0):
                yield Problem(module.id, f"retry.{name}", "a number below 0")

    def _seconds(self, step: str, name: str, found: Any, scope: _Scope | None) -> Iterator[Problem]:
        """A span: a number, or a transform that gives one."""
        if isinstance(found, Mapping) and found.get("type") == "javascript":
            text = str(found.get("expr") or "")
            yield from (
                _syntax(step, name, text, results=False) if scope is None else self._expression(step, name, text, scope)
            )
            return
        number = found.get("value") if isinstance(found, Mapping) else found
        if number is None and not isinstance(found, Mapping):
            return
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            yield Problem(step, name, f"{number!r} is no number of seconds")

    def _reference(self, module: FlowModule, value: PathScript | PathFlow, scope: _Scope) -> Iterator[Problem]:
        if not PATH.fullmatch(value.path):
            yield Problem(module.id, "path", f"{value.path!r} is no path: it begins with u/, f/, g/ or hub/")
        if isinstance(value, PathFlow) and value.path == self.path and scope.certain and module.skip_if is None:
            yield Problem(module.id, "path", "the flow calls itself, without end")

    def _loop(self, module: FlowModule, value: ForLoop | WhileLoop, scope: _Scope) -> Iterator[Problem]:
        sequential = isinstance(value, WhileLoop) or not value.parallel
        if isinstance(value, ForLoop):
            yield from self._iterator(module.id, value, scope)
        elif module.stop_after_if is None and not value.skip_failures and not _may_stop(value.modules):
            yield Problem(module.id, "stop_after_if", "nothing ends this loop but a failure", WARNING)
        inner = frozenset(found.id for found in walk(value.modules)) if sequential else frozenset()
        yield from self._body(value.modules, _Scope(scope.known, True, scope.later_rounds | inner, False))

    def _iterator(self, step: str, value: ForLoop, scope: _Scope) -> Iterator[Problem]:
        if value.iterator.type == "javascript":
            yield from self._expression(step, "iterator", value.iterator.expr, scope)
        elif not isinstance(value.iterator.value, list):
            yield Problem(step, "iterator", f"a loop needs a list, not {_kind(value.iterator.value)}")
        found = value.parallelism
        number = found.get("value") if isinstance(found, Mapping) else found
        if isinstance(number, int | float) and number < 1:
            yield Problem(step, "parallelism", f"{number} at once is none")

    def _branch_one(self, module: FlowModule, value: BranchOne, scope: _Scope) -> Iterator[Problem]:
        taken, seen = None, dict[tuple[Any, ...], int]()
        for number, branch in enumerate(value.branches, 1):
            name = f"branch {number}"
            if branch.expr is None:
                yield Problem(module.id, name, "it has no condition")
                continue
            yield from self._expression(module.id, name, branch.expr, scope)
            always, key = expressions.constant(branch.expr), expressions.tokens(branch.expr)
            if taken is not None:
                yield Problem(module.id, name, f"it is never taken: branch {taken} always is")
            elif always is False:
                yield Problem(module.id, name, "it is never taken: its condition is always false", WARNING)
            elif key in seen:
                yield Problem(module.id, name, f"it is never taken: branch {seen[key]} has the same condition")
            taken = number if always and taken is None else taken
            seen.setdefault(key, number)
            yield from self._body(branch.modules, _inner(scope))
        if taken is not None and value.default:
            yield Problem(module.id, "default", f"it is never taken: branch {taken} always is")
        yield from self._body(value.default, _inner(scope))

    def _branch_all(self, value: BranchAll, scope: _Scope) -> Iterator[Problem]:
        known = scope.known
        for branch in value.branches:
            yield from self._body(branch.modules, _Scope(known, scope.loop, scope.later_rounds, scope.certain))
            if value.parallel is False:
                known |= frozenset(module.id for module in walk(branch.modules))

    def _expression(self, step: str, name: str, text: str, scope: _Scope) -> Iterator[Problem]:
        yield from _syntax(step, name, text)
        for wanted in dict.fromkeys(expressions.results_in(text)):
            if (why := self._unreadable(wanted, step, scope)) is not None:
                yield Problem(step, name, why)

    def _unreadable(self, wanted: str, step: str, scope: _Scope) -> str | None:
        """Why a step's result cannot be read here."""
        if wanted not in self.ids:
            return f"there is no step {wanted}{meant(wanted, self.ids)}"
        if wanted in scope.known:
            loop = self.hidden.get(wanted)
            outside = loop is not None and loop in scope.known and self.hidden.get(step) != loop
            return f"{wanted} runs in a parallel loop: read results.{loop}" if outside else None
        if wanted in scope.later_rounds:
            return None
        return "it reads its own result" if wanted == step else f"{wanted} does not run before it"


@dataclass
class _Reader(_Check):
    """A check that finds out what one expression may read."""

    mark: str
    found: list[str] = field(default_factory=list)

    def _expression(self, step: str, name: str, text: str, scope: _Scope) -> Iterator[Problem]:
        if self.mark in text:
            ids = dict.fromkeys(module.id for module in all_modules(self.flow.value) if module.id)
            self.found = [wanted for wanted in ids if self._unreadable(wanted, step, scope) is None]
        return iter(())


def _inner(scope: _Scope) -> _Scope:
    """Of a branch that may not be taken."""
    return _Scope(scope.known, scope.loop, scope.later_rounds, False)


def _syntax(step: str, name: str, text: Any, *, results: bool = True) -> Iterator[Problem]:
    """What is plainly wrong with an expression."""
    if not isinstance(text, str):
        return
    if (why := expressions.problem(text)) is not None:
        yield Problem(step, name, f"{text!r} is no expression: {why}")
    elif not results and expressions.reads(text, "results"):
        yield Problem(step, name, f"{WITHOUT_RESULTS}; previous_result is")


def _code(step: str, value: RawScript) -> Iterator[Problem]:
    """What the step's own language refuses."""
    try:
        signatures.check_syntax(value.language, value.content)
    except InvalidSource as error:
        yield Problem(step, "content", f"line {error.details.get('line')}: {error.why}")


def _may_stop(modules: list[FlowModule]) -> bool:
    return any(module.stop_after_if is not None for module in walk(modules))


def _is_parallel(value: ForLoop | BranchAll) -> bool:
    return bool(value.parallel) if isinstance(value, ForLoop) else value.parallel is not False


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", dict: "an object"}
    return names.get(type(value), "nothing")
