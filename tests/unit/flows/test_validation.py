"""What is wrong with a flow, found before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flexwm_nb.errors import InvalidFlow, InvalidInput
from flexwm_nb.flows.validation import check, problems

SCHEMAS: dict[tuple[str, str], dict[str, Any]] = {
    ("script", "f/a/s"): {
        "properties": {"rows": {"type": "array"}, "kind": {"type": "string", "enum": ["x", "y"]}},
        "required": ["rows"],
    },
    ("flow", "f/a/f"): {"properties": {"n": {"type": "integer"}}, "required": ["n"]},
}


def schemas(kind: str, path: str) -> Mapping[str, Any] | None:
    """What two known ones take."""
    return SCHEMAS.get((kind, path))


def code(id: str, expr: str | None = None, **settings: Any) -> dict[str, Any]:
    """A python step that takes x."""
    inputs = {} if expr is None else {"x": {"type": "javascript", "expr": expr}}
    content = "def main(x=None): return x"
    value = {"type": "rawscript", "language": "python3", "content": content, "input_transforms": inputs}
    return {"id": id, "value": value, **settings}


def script(inputs: Mapping[str, Any], kind: str = "script", path: str = "f/a/s") -> dict[str, Any]:
    """A step of a registered script with values."""
    transforms = {name: {"type": "static", "value": value} for name, value in inputs.items()}
    return {"id": "s", "value": {"type": kind, "path": path, "input_transforms": transforms}}


def loop(*modules: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A loop over a list."""
    iterator = {"type": "static", "value": [1]}
    value = {"type": "forloopflow", "iterator": iterator, "skip_failures": False, "modules": list(modules), **settings}
    return {"id": "l", "value": value}


def fork(*branches: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The first of the branches."""
    found = [{"expr": expr, "modules": modules} for expr, modules in branches]
    return {"id": "o", "value": {"type": "branchone", "branches": found, "default": []}}


def both(*branches: list[dict[str, Any]]) -> dict[str, Any]:
    """All of the branches."""
    return {"id": "p", "value": {"type": "branchall", "branches": [{"modules": found} for found in branches]}}


def found(*modules: dict[str, Any], severity: str = "error", **more: Any) -> list[str]:
    """The problems of a flow of these modules, as text."""
    document = {"summary": "", "value": {"modules": list(modules), **more.pop("value", {})}, **more}
    return [str(one) for one in problems(document, schemas, path="f/a/me") if one.severity == severity]


BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "unknown step": ([code("load"), code("b", "results.laod")],
        "step b, input x: there is no step laod. Did you mean load?"),
    "later step": ([code("a", "results.b.x"), code("b")], "step a, input x: b does not run before it"),
    "itself": ([code("a", 'results["a"]')], "step a, input x: it reads its own result"),
    "other branch": ([both([code("a")], [code("b", "results.a")])], "step b, input x: a does not run before it"),
    "other way": ([fork(("flow_input.x", [code("a")]), ("flow_input.y", [code("b", "results.a")]))],
        "step b, input x: a does not run before it"),
    "inside of a parallel loop": ([loop(code("a"), parallel=True), code("b", "results.a")],
        "step b, input x: a runs in a parallel loop: read results.l"),
    "same id": ([code("a"), code("a")], "step a, id: another step has this id"),
    "same id inside": ([code("a"), loop(code("a"))], "step a, id: another step has this id"),
    "no id": ([code("")], "id: a step needs an id"),
    "bad id": ([code("a b")], "step a b, id: an id has letters, digits, _ and - only"),
    "reserved id": ([code("failure")], "step failure, id: failure is the id of the flow's failure handler"),
    "after always": ([fork(("true", [code("a")]), ("flow_input.y", [code("b")]))],
        "step o, branch 2: it is never taken: branch 1 always is"),
    "same condition": ([fork(("flow_input.y", [code("a")]), ("flow_input . y", [code("b")]))],
        "step o, branch 2: it is never taken: branch 1 has the same condition"),
    "half an expression": ([code("a", "flow_input.x +")],
        "step a, input x: 'flow_input.x +' is no expression: nothing stands after +"),
    "open bracket": ([code("a", "[1, 2")], "step a, input x: '[1, 2' is no expression: [ is not closed"),
    "open text": ([code("a", "'x")], "step a, input x: \"'x\" is no expression: a text has no end"),
    "empty": ([code("a", " ")], "step a, input x: ' ' is no expression: it is empty"),
    "two things": ([code("a", "1 2")], "step a, input x: '1 2' is no expression: something is missing between 1 and 2"),
    "required input": ([script({"kind": "x"})], "step s, input rows: it is required and missing"),
    "required of a flow": ([script({}, "flow", "f/a/f")], "step s, input n: it is required and missing"),
    "type": ([script({"rows": "x"})], "step s, input rows: 'x' is not of type array"),
    "type of a flow's": ([script({"n": 1.5}, "flow", "f/a/f")], "step s, input n: 1.5 is not of type integer"),
    "choice": ([script({"rows": [], "kind": "z"})], "step s, input kind: 'z' is none of x, y"),
    "loop over no list": ([loop(iterator={"type": "static", "value": {}})],
        "step l, iterator: a loop needs a list, not an object"),
    "path": ([script({"rows": []}, path="tmp/x")],
        "step s, path: 'tmp/x' is no path: it begins with u/, f/, g/ or hub/"),
    "recursion": ([script({}, "flow", "f/a/me")], "step s, path: the flow calls itself, without end"),
    "retry": ([code("a", retry={"exponential": {"attempts": 1, "seconds": 0}})],
        "step a, retry.exponential.seconds: Windmill takes no exponential retry of 0 seconds"),
    "retry's scope": ([code("a", retry={"retry_if": {"expr": "results.a"}})],
        "step a, retry.retry_if: `results` is not known there; previous_result is"),
    "stop": ([code("a", stop_after_if={"expr": "true"})],
        "step a, stop_after_if: skip_if_stopped is missing (true or false)"),
    "timeout": ([code("a", timeout=-1)], "step a, timeout: -1 is no number of seconds"),
    "kind": ([{"id": "a", "value": {"type": "teleport"}}], "step a, value: there is no kind of step 'teleport'"),
    "no kind": ([{"id": "a", "value": {"x": 1}}], "step a, value: type is missing"),
    "no code": ([{"id": "a", "value": {"type": "rawscript", "language": "bash"}}],
        "step a, value.content: it is missing"),
    "no value": ([{"id": "a"}], "step a, value: it is missing"),
    "no python": ([{"id": "a", "value": {"type": "rawscript", "language": "python3", "content": "def main(:"}}],
        "step a, content: line 1: "),
    "no module": ([None], "step number 1: it should be an object"),  # type: ignore[list-item]
    "inside": ([loop({"id": "d", "value": {"type": "script"}})], "step d, value.path: it is missing"),
}  # fmt: skip
GOOD: dict[str, list[dict[str, Any]]] = {
    "earlier step": [code("a"), code("b", "results.a")],
    "inside of a branch, from outside": [fork(("flow_input.x", [code("a")])), code("b", "results.a")],
    "inside of a loop, from outside": [loop(code("a")), code("b", "results.a")],
    "outside of a loop, from inside": [code("a"), loop(code("b", "results.a"))],
    "the round before": [loop(code("a", "results.b"), code("b"))],
    "statements": [code("a", "const y = 1; return y")],
    "a template": [code("a"), code("b", "`${results.a} and ${flow_input.x}`")],
    "a text that looks like a reference": [code("a", "'results.nope' + \"results.b\"")],
    "a property that looks like one": [code("a", "flow_input.results.nope")],
    "a regular expression": [code("a", "flow_input.x.replace(/['(]/g, '')")],
    "its own result, to stop": [code("a", stop_after_if={"expr": "results.a > 1", "skip_if_stopped": False})],
    "a variable for a number": [script({"n": "$var:u/a/n"}, "flow", "f/a/f")],
    "a mocked step": [{**script({}), "mock": {"enabled": True, "return_value": 1}}],
    "recursion that may end": [fork(("flow_input.x", [script({}, "flow", "f/a/me")]))],
}


@pytest.mark.parametrize(("modules", "text"), BAD.values(), ids=BAD.keys())
def test_errors(modules: list[dict[str, Any]], text: str) -> None:
    """Each names step and field."""
    assert any(one.startswith(text) for one in found(*modules)), found(*modules)


@pytest.mark.parametrize("modules", GOOD.values(), ids=GOOD.keys())
def test_no_errors(modules: list[dict[str, Any]]) -> None:
    """What may be right is left to the run."""
    assert found(*modules) == []


def test_all_at_once() -> None:
    """One error has every problem, typed."""
    document = {"value": {"modules": [code("a", "results.x"), code("a", "results.y")]}}
    with pytest.raises(InvalidFlow, match="3 problems") as caught:
        check(document)
    assert isinstance(caught.value, InvalidInput)
    assert [(one.step, one.field) for one in caught.value.problems] == [("a", "id"), ("a", "input x"), ("a", "input x")]


def test_warnings() -> None:
    """What is hardly meant is said and not refused."""
    schema = {"properties": {"origin": {"type": "string"}}}
    said = found(
        code("a", "flow_input.orgin", stop_after_if={"expr": "true", "skip_if_stopped": False}),
        script({"rows": [], "rowz": 1}),
        fork(("false", [code("b")])),
        severity="warning",
        schema=schema,
    )
    assert said == [
        "step a, input x: the flow has no input orgin. Did you mean origin?",
        "step s: it is never reached: the flow always ends after a",
        "step s, input rowz: the step has no input rowz. Did you mean rows?",
        "step o, branch 1: it is never taken: its condition is always false",
    ]


def test_the_types_of_inputs_of_the_flow() -> None:
    """An input of the flow goes to a step that takes another type."""
    step = script({}, "flow", "f/a/f")
    step["value"]["input_transforms"]["n"] = {"type": "javascript", "expr": "flow_input.n"}
    said = found(step, schema={"properties": {"n": {"type": "string"}}})
    assert said == ["step s, input n: the flow's input n is of type string, the step's of type integer"]


def test_the_failure_handler_reads_every_step() -> None:
    """Whichever ran, it runs after it."""
    assert found(code("a"), value={"failure_module": code("failure", "[results.a, error.message]")}) == []
