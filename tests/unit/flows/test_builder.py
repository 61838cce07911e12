"""Composing flows in Python."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.builder import Flow

YAML = '''\
summary: Delays of the day
value:
  modules:
    - id: load
      value:
        type: rawscript
        language: python3
        content: |
          def main(origin: str, n: int = 5) -> dict[str, object]:
              """Some rows."""
              return {"rows": list(range(n)), "origin": origin}
        input_transforms:
          origin:
            type: javascript
            expr: flow_input.origin
    - id: clean
      value:
        type: rawscript
        language: python3
        content: |
          def main(rows: list[int], factor: float = 2.0) -> list[float]:
              """Larger ones."""
              return [row * factor for row in rows]
        input_transforms:
          rows:
            type: javascript
            expr: results.load.rows
schema:
  $schema: https://json-schema.org/draft/2020-12/schema
  type: object
  properties:
    origin:
      type: string
  required:
    - origin
'''


def load(origin: str, n: int = 5) -> dict[str, object]:
    """Some rows."""
    return {"rows": list(range(n)), "origin": origin}


def clean(rows: list[int], factor: float = 2.0) -> list[float]:
    """Larger ones."""
    return [row * factor for row in rows]


@pytest.fixture
def flow() -> Flow:
    """A flow without steps."""
    return Flow("f/flights/daily", summary="Delays of the day")


def value_of(flow: Flow, step: str) -> dict[str, Any]:
    """What a step does."""
    found: dict[str, Any] = flow[step].document["value"]
    return found


def test_what_a_person_would_write(flow: Flow) -> None:
    """Two functions and a reference make a document without noise."""
    rows = flow.step(load, origin=flow.input.origin).result.rows
    flow.step(clean, rows=rows)
    assert flow.to_yaml() == YAML


def test_reading_loses_nothing(flow: Flow) -> None:
    """A document comes back as it was, from YAML and from JSON, unknown fields included."""
    flow.step(load, origin=flow.input.origin).document["of_a_later_windmill"] = {"x": [1]}
    document = flow.to_document()
    assert Flow.from_yaml(flow.to_yaml()).to_document() == document
    assert Flow.from_json(flow.to_json()).to_document() == document
    assert Flow.read(document).to_model().to_wire() == document


def test_loops(flow: Flow) -> None:
    """Steps inside of a loop see its item; its result is a list."""
    with flow.for_each([1, 2], parallelism=2, skip_failures=True) as each:
        flow.step(clean, rows=[each.item, each.index])
    with flow.while_loop(until="result > 3") as loop:
        flow.step(clean, rows=each.result)
    found = value_of(flow, "each")
    assert found["iterator"] == {"type": "static", "value": [1, 2]}
    assert (found["parallel"], found["skip_failures"]) == (True, True)
    expr = found["modules"][0]["value"]["input_transforms"]["rows"]["expr"]
    assert expr == "[flow_input.iter.value, flow_input.iter.index]"
    assert loop.document["stop_after_if"] == {"expr": "result > 3", "skip_if_stopped": False}
    assert value_of(flow, "loop")["modules"][0]["id"] == "clean_2"


def test_branches(flow: Flow) -> None:
    """One of several, or all."""
    with flow.branch_one() as choice:
        with choice.when(flow.input.n > 3, "many"):
            flow.identity("a")
        with choice.otherwise():
            flow.identity("b")
    with flow.branch_all(parallel=False) as every, every.branch("left", skip_failure=True):
        flow.identity("c")
    branch = {"summary": "many", "expr": "flow_input.n > 3"}
    assert value_of(flow, "choice") == {
        "type": "branchone",
        "branches": [{**branch, "modules": [{"id": "a", "value": {"type": "identity"}}]}],
        "default": [{"id": "b", "value": {"type": "identity"}}],
    }
    assert value_of(flow, "all")["branches"][0]["skip_failure"] is True
    assert list(flow.steps) == ["choice", "a", "b", "all", "c"]


def test_a_branch_of_the_wrong_kind(flow: Flow) -> None:
    """It is refused with the right one."""
    with flow.branch_one() as choice, pytest.raises(InvalidFlow, match=r"when\(\)"), choice.branch("x"):
        pass


SETTINGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "retry": (
        lambda step: step.retry(2, 5).retry(3, 2, exponential=True, random_factor=10, when="error.name == 'X'"),
        {
            "retry": {
                "constant": {"attempts": 2, "seconds": 5},
                "exponential": {"attempts": 3, "seconds": 2, "multiplier": 1, "random_factor": 10},
                "retry_if": {"expr": "error.name == 'X'"},
            }
        },
    ),
    "approval": (
        lambda step: step.suspend(2, timeout=60, form={"ok": bool}, groups=["ops"], self_approval=False),
        {
            "suspend": {
                "required_events": 2,
                "timeout": 60,
                "resume_form": {
                    "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
                },
                "user_auth_required": True,
                "user_groups_required": {"type": "static", "value": ["ops"]},
                "self_approval_disabled": True,
            }
        },
    ),
    "sleep": (lambda step: step.sleep(timedelta(minutes=1)), {"sleep": {"type": "static", "value": 60}}),
    "timeout": (lambda step: step.timeout(5), {"timeout": {"type": "static", "value": 5}}),
    "stop": (
        lambda step: step.stop_after_if("result == null", error="nothing"),
        {"stop_after_if": {"expr": "result == null", "skip_if_stopped": False, "error_message": "nothing"}},
    ),
    "skip": (lambda step: step.skip_if("flow_input.n < 1"), {"skip_if": {"expr": "flow_input.n < 1"}}),
    "mock": (lambda step: step.mock([1]), {"mock": {"enabled": True, "return_value": [1]}}),
    "cache": (lambda step: step.cache(60), {"cache_ttl": 60}),
    "errors": (lambda step: step.continue_on_error(), {"continue_on_error": True}),
    "priority": (lambda step: step.priority(7).delete_after(), {"priority": 7, "delete_after_secs": 0}),
}


@pytest.mark.parametrize(("change", "made"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings(flow: Flow, change: Any, made: dict[str, Any]) -> None:
    """Each setting is one field, in Windmill's words."""
    step = change(flow.identity("a"))
    assert step.document == {"id": "a", "value": {"type": "identity"}, **made}


def test_requirements(flow: Flow) -> None:
    """They stand below the step's code, where Windmill reads them; a script asks for its own."""
    step = flow.code("python3", "def main():\n    return 1\n", "a").requirements("setuptools<81", "six")
    assert step.document["value"]["content"].endswith("\n\n# extra_requirements:\n# setuptools<81\n# six\n")
    with pytest.raises(InvalidFlow, match="b has no python3 code of its own"):
        flow.step("f/a/b", "b").requirements("six")


def test_scripts_flows_and_text(flow: Flow) -> None:
    """A registered script with a version, a flow, code in another language, and the failure handler."""
    flow.step("f/a/report@0123456789abcdef", rows=1).tag("big")
    flow.subflow("f/a/other", "inner", x=2)
    flow.code("bash", 'x="$1"\necho "$x"\n', x=3)
    flow.on_failure("f/a/alert", error=flow.error)
    report, inner, bash = (value_of(flow, step) for step in ("report", "inner", "bash"))
    assert (report["path"], report["hash"], report["tag_override"]) == ("f/a/report", "0123456789abcdef", "big")
    assert inner == {"type": "flow", "path": "f/a/other", "input_transforms": {"x": {"type": "static", "value": 2}}}
    assert bash["language"] == "bash"
    assert flow.document["value"]["failure_module"]["id"] == "failure"


def test_inputs_are_described(flow: Flow) -> None:
    """By hand, or by the steps that take them as they are."""
    flow.input("day", "datetime.date", default="2026-11-25", description="Which")
    flow.step(load, origin=flow.input.origin, n=flow.input.n)
    schema = flow.schema or {}
    assert schema["properties"]["day"]["default"] == "2026-11-25"
    assert schema["properties"]["n"] == {"type": "integer", "default": 5}
    assert schema["required"] == ["origin"]


def test_an_input_that_the_function_does_not_take(flow: Flow) -> None:
    """It is refused at once, and no half step stays."""
    with pytest.raises(InvalidFlow, match=r"no input rowz\. Did you mean rows\?"):
        flow.step(clean, rowz=[])
    assert list(flow.steps) == []


@pytest.mark.parametrize("text", ["modules: 1", "[]", "value: {}", "x"])
def test_what_is_no_flow(text: str) -> None:
    """It is refused when it is read."""
    with pytest.raises(InvalidFlow, match="no flow"):
        Flow.from_yaml(text)


def test_a_bare_value_is_a_flow() -> None:
    """As the front end's own JSON shows it."""
    flow = Flow.from_json(json.dumps({"modules": [{"id": "a", "value": {"type": "identity"}}]}))
    assert list(flow.steps) == ["a"]
