"""Corners of flows in which the real engine's answer is not what one would guess: each was asked of Windmill 1.743."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.test_flow_rules import BOOM, Document, branches, failing, javascript, loop, run, step

UNKNOWN = "QuickJS evaluation error: Error: nope is not defined"
ONCE = {"constant": {"attempts": 1, "seconds": 0}}
TWICE = {"constant": {"attempts": 2, "seconds": 0}}
THROWS = {"expr": "nope.x"}
HALT = {"expr": "true", "skip_if_stopped": False, "error_message": "halt"}
STOP = {"expr": "true", "skip_if_stopped": False}
HANDLER = {"failure_module": step("failure", "({handled: error})")}
HALTED = {"error": {"name": "EarlyStopError", "message": "halt"}}


def identity(name: str, **more: Any) -> Document:
    """A step that hands on what it gets."""
    return {"id": name, "value": {"type": "identity"}, **more}


def one(name: str, *cases: tuple[str, list[Document]], default: tuple[Document, ...] = (), **more: Any) -> Document:
    """The first branch whose predicate holds."""
    chosen = [{"expr": expression, "modules": modules} for expression, modules in cases]
    return {"id": name, "value": {"type": "branchone", "branches": chosen, "default": list(default)}, **more}


def timed(timeout: Any) -> list[Document]:
    """One step with a limit of time."""
    return [step("a", timeout=timeout)]


def broken(message: str, name: str = "Anyhow") -> Document:
    """The result of a flow that is itself at fault."""
    return {"error": {"name": name, "message": message}}


ARRAY = "Error: Expected an array value in the iterator expression, found: invalid type: "
NO_I32 = "Error: Error parsing result as i32: invalid type: "

RESULTS: dict[str, tuple[list[Document], Document, bool, Any]] = {
    # What is at fault in the flow itself, before its first module
    "skip_if throws first": ([identity("a", skip_if=THROWS)], {}, False, broken(f"Error: Error: {UNKNOWN}")),
    "and is passed over": (
        [identity("a", skip_if=THROWS, continue_on_error=True), identity("b")],
        {},
        True,
        broken(f"Error: Error: {UNKNOWN}"),
    ),
    "and is tried again": (
        [identity("a", skip_if=THROWS, retry=ONCE)],
        HANDLER,
        False,
        broken(f"Error: {UNKNOWN}", "InternalError"),
    ),
    "skip_if throws inside of a loop": (
        [loop("l", "[1, 2]", identity("a", skip_if=THROWS))],
        HANDLER,
        False,
        {"handled": {"name": "Anyhow", "message": f"Error: Error: {UNKNOWN}"}},
    ),
    "skip_if throws inside of a parallel loop": (
        [loop("l", "[1]", identity("a", skip_if=THROWS), parallel=True)],
        HANDLER,
        False,
        [broken(f"Error: Error: {UNKNOWN}")],
    ),
    "skip_if throws inside of a branch, whose module passes over": (
        [one("l", default=(identity("a", skip_if=THROWS, continue_on_error=True), identity("b")))],
        {},
        False,
        broken(f"Error: Error: {UNKNOWN}"),
    ),
    "an iterator throws later": (
        [identity("z"), loop("l", "nope.x", identity("a"))],
        HANDLER,
        False,
        broken(f"Error: {UNKNOWN}", "InternalError"),
    ),
    "an iterator throws behind a loop of nothing": (
        [loop("e", "[]", identity("x")), loop("l", "nope.x", identity("a"))],
        {},
        False,
        broken(f"Error: {UNKNOWN}", "InternalError"),
    ),
    "the flow's own condition throws": (
        [identity("a")],
        {"skip_expr": "nope.x"},
        False,
        broken(f"Error: Error: {UNKNOWN}"),
    ),
    "and its failure module cannot start": (
        [identity("a")],
        {"skip_expr": "nope.x", **HANDLER},
        False,
        broken(f"Error: {UNKNOWN}", "InternalError"),
    ),
    "an iterator that is an object": (
        [loop("l", "({a: 1})", identity("a"))],
        {},
        False,
        broken(f"{ARRAY}map, expected a sequence at line 1 column 0"),
    ),
    "an iterator that is text": (
        [loop("l", "'abc'", identity("a"))],
        {},
        False,
        broken(f'{ARRAY}string "abc", expected a sequence at line 1 column 5'),
    ),
    "an iterator that is a fraction": (
        [loop("l", "1.5", identity("a"))],
        {},
        False,
        broken(f"{ARRAY}floating point `1.5`, expected a sequence at line 1 column 3"),
    ),
    "a limit of time that is nothing": (
        timed(javascript("null")),
        {},
        False,
        broken(f"{NO_I32}null, expected i32 at line 1 column 4. Value was: null"),
    ),
    "a limit of time that is text": (
        timed(javascript("'x'")),
        {},
        False,
        broken(f'{NO_I32}string "x", expected i32 at line 1 column 3. Value was: "x"'),
    ),
    "a negative limit of time": (
        timed({"type": "static", "value": -1}),
        {},
        False,
        broken("Error: Timeout value cannot be negative"),
    ),
    "a pause that is text": (
        [identity("z", sleep=javascript("'x'")), identity("a")],
        {},
        False,
        broken('Expected an integer, found: String("x")', "InternalError"),
    ),
    # Early ends with an error
    "an early error is tried again before the failure module": (
        [identity("a", stop_after_if=HALT, retry=ONCE)],
        HANDLER,
        False,
        {"handled": HALTED["error"]},
    ),
    "an early error is passed over where there is a failure module": (
        [identity("a", stop_after_if=HALT, continue_on_error=True), identity("b")],
        HANDLER,
        True,
        HALTED,
    ),
    "but not without one": (
        [identity("a", stop_after_if=HALT, continue_on_error=True), identity("b")],
        {},
        False,
        HALTED,
    ),
    "a loop that goes one by one is only broken by an error": (
        [
            loop(
                "l",
                "[1, 2, 3]",
                step("a", "flow_input.iter.value"),
                more={"stop_after_if": {**HALT, "expr": "result == 2"}},
            ),
            step("c", "results.l"),
        ],
        HANDLER,
        True,
        [1, 2],
    ),
    "a loop whose condition throws": (
        [loop("l", "[1, 2, 3]", step("a", "flow_input.iter.value"), more={"stop_after_if": {**STOP, **THROWS}})],
        {},
        False,
        [1],
    ),
    "a condition on all iterations that throws": (
        [loop("l", "[1, 2]", identity("a"), more={"stop_after_all_iters_if": {**STOP, **THROWS}})],
        {},
        False,
        broken(f"Error evaluating stop_after_all_iters_if expression `nope.x`: Error: {UNKNOWN}", "EarlyStopError"),
    ),
    "an error inside of a loop that passes over failures breaks it": (
        [
            loop("l", "[1, 2]", step("x", "1", stop_after_if=HALT), identity("y"), skip_failures=True),
            step("c", "results.l.length"),
        ],
        {},
        True,
        1,
    ),
    "a loop of nothing stops the flow by its condition": (
        [loop("l", "[]", identity("x"), more={"stop_after_if": STOP}), step("b", "5")],
        {},
        True,
        [],
    ),
    "but not by the one on all iterations": (
        [loop("l", "[]", identity("x"), more={"stop_after_all_iters_if": STOP}), step("b", "5")],
        {},
        True,
        5,
    ),
    "a mocked module that could be skipped does not stop": (
        [
            identity(
                "a",
                mock={"enabled": True, "return_value": 3},
                skip_if={"expr": "false"},
                stop_after_if=STOP,
            ),
            step("b", "5"),
        ],
        {},
        True,
        5,
    ),
    # Results by the ids of steps
    "a later step's result of the iteration before": (
        [
            loop(
                "l",
                "[1, 2, 3]",
                step("a", "results.c"),
                one("q", ("true", [step("c", "flow_input.iter.value")])),
                step("d", "[results.a, results.c]"),
            )
        ],
        {},
        True,
        [[None, 1], [1, 2], [2, 3]],
    ),
    "of another branch in the iteration before": (
        [
            loop(
                "l",
                "[1, 2]",
                one("b", ("flow_input.iter.value == 1", [step("x", "10")]), default=(step("y", "results.x"),)),
            ),
            step("c", "[results.x, results.y]"),
        ],
        {},
        True,
        [10, 10],
    ),
    "of branches one by one": (
        [
            branches("p", [step("x", "1")], [step("y", "results.x")], parallel=False),
            step("c", "[results.x, results.y]"),
        ],
        {},
        True,
        [1, 1],
    ),
    "of branches at once": (
        [
            branches("p", [loop("q", "[1, 2]", step("x", "flow_input.iter.value"))], [step("y", "8")], parallel=True),
            step("c", "[results.x, results.y, results.q]"),
        ],
        {},
        True,
        [2, 8, [1, 2]],
    ),
    "in a failure module": (
        [branches("p", [step("b", "5")], [step("d", "6")], parallel=True), failing("x")],
        {"failure_module": step("failure", "[results.b, results.d, results.p]")},
        False,
        [5, 6, [5, 6]],
    ),
    # Failure modules and approvals
    "a failure module that is a loop ends with its first iteration": (
        [failing("x")],
        {"failure_module": loop("failure", "[1, 2]", step("q", "flow_input.iter.value"))},
        False,
        1,
    ),
    "nobody answers, and that is not passed over": (
        [
            step("a", suspend={"required_events": 1, "timeout": 1}),
            step("b", "5", continue_on_error=True, retry=ONCE),
            identity("c"),
        ],
        {},
        False,
        {"error": {"name": "SuspendedTimedOut", "message": "Timed out waiting to be resumed"}},
    ),
}


def bare(value: Any) -> Any:
    """A result without the places in sources that its texts end with."""
    if isinstance(value, dict):
        return {name: bare(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [bare(inner) for inner in value]
    return value.split("\n    at ")[0].split(" @")[0].rstrip() if isinstance(value, str) else value


@pytest.mark.parametrize("name", RESULTS)
def test_the_result_is_windmills(http: httpx.Client, name: str) -> None:
    """Whether it succeeds, and with what."""
    modules, flow, success, expected = RESULTS[name]
    job = run(http, modules, {"x": 1}, **flow)
    assert (job["success"], bare(job["result"])) == (success, expected)


def test_a_module_of_no_time_is_ended_at_once(http: httpx.Client) -> None:
    """A limit of 0 seconds is one."""
    job = run(http, timed({"type": "static", "value": 0}))
    assert "due to timeout" in job["result"]["error"]["message"]


def test_failures_that_are_passed_over_count_for_the_next_module(http: httpx.Client) -> None:
    """So that it is tried less often, until a module succeeds."""
    modules = [failing("a", continue_on_error=True, retry=ONCE), failing("b", retry=TWICE)]
    a, b = run(http, modules)["flow_status"]["modules"]
    assert (len(a["failed_retries"]), len(b["failed_retries"])) == (1, 2)
    assert b["failed_retries"][0] == a["failed_retries"][0]


def test_a_failure_module_counts_by_itself(http: httpx.Client) -> None:
    """Where it is tried again, it is named as its own cause."""
    handler = {"id": "failure", "value": {**failing("failure")["value"], "content": BOOM}, "retry": ONCE}
    status = run(http, [failing("a", retry=TWICE)], failure_module=handler)["flow_status"]
    assert len(status["failure_module"]["failed_retries"]) == 1
    assert status["failure_module"]["parent_module"] == "failure"


def test_a_flow_that_skips_itself_has_passed_over_its_first_module(http: httpx.Client) -> None:
    """The status says so."""
    job = run(http, [identity("a"), identity("b")], skip_expr="true")
    first, second = job["flow_status"]["modules"]
    assert (job["result"], job["flow_status"]["step"]) == ("stopped early", 1)
    assert (first["type"], first["skipped"], second["type"]) == ("Success", True, "WaitingForPriorSteps")


def test_arguments_that_cannot_be_made_fail_the_step_whatever_it_was_to_wait_for(http: httpx.Client) -> None:
    """The step's code does not run without them: not after a pause, and not in a loop of many rounds."""
    job = run(http, [identity("z", sleep={"type": "static", "value": 0.2}), step("a", "nope.x")])
    assert UNKNOWN in job["result"]["error"]["message"]
    rounds = loop("l", "Array.from({length: 60}, (_, i) => i)", step("a", "nope.x"), skip_failures=True)
    job = run(http, [rounds])
    assert len(job["result"]) == 60
    assert all(UNKNOWN in each["error"]["message"] for each in job["result"])


@pytest.fixture
def deployed(http: httpx.Client) -> Iterator[Callable[[Document], str]]:
    """Deploys a flow of this value; its path."""
    path = f"f/corners/{uuid4().hex}"
    http.post("/w/demo/folders/create", json={"name": "corners"})

    def deploy(value: Document) -> str:
        flow = {"path": path, "summary": "", "description": "", "value": value, "schema": {}}
        assert http.post("/w/demo/flows/create", json=flow).status_code == 201
        return path

    yield deploy
    http.delete(f"/w/demo/flows/delete/{path}")


def test_a_request_that_runs_a_flow_goes_through_its_preprocessor(
    http: httpx.Client, deployed: Callable[[Document], str]
) -> None:
    """It is given the request, unless the request says that the arguments are the flow's own."""
    code = "def preprocessor(event):\n    return {'x': event['body']['n'] + 1, 'kind': event['kind']}\n"
    value = {"type": "rawscript", "language": "python3", "lock": "", "content": code, "input_transforms": {}}
    path = deployed({"modules": [identity("a")], "preprocessor_module": {"id": "preprocessor", "value": value}})
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}", json={"n": 4})
    assert answer.json() == {"x": 5, "kind": "webhook"}
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}?skip_preprocessor=true", json={"n": 4})
    assert answer.json() == {"n": 4}


def test_a_preprocessor_may_take_arguments_by_name(http: httpx.Client, deployed: Callable[[Document], str]) -> None:
    """As the older ones do, beside `wm_trigger`."""
    code = "def preprocessor(wm_trigger, n):\n    return {'x': n + 1, 'kind': wm_trigger['kind']}\n"
    value = {"type": "rawscript", "language": "python3", "lock": "", "content": code, "input_transforms": {}}
    path = deployed({"modules": [identity("a")], "preprocessor_module": {"id": "preprocessor", "value": value}})
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}", json={"n": 4})
    assert answer.json() == {"x": 5, "kind": "webhook"}


def test_a_preprocessor_may_be_a_registered_script(http: httpx.Client, deployed: Callable[[Document], str]) -> None:
    """Its own arguments decide what it is given."""
    code = "def preprocessor(n, q):\n    return {'x': n + 1, 'q': q}\n\ndef main():\n    return 1\n"
    script = f"f/flows/preprocessor_{uuid4().hex[:8]}"
    body = {"path": script, "summary": "", "content": code, "language": "python3", "lock": "# py: 3.11"}
    assert http.post("/w/demo/scripts/create", json=body).status_code == 201
    value = {"type": "script", "path": script, "input_transforms": {}}
    path = deployed({"modules": [identity("a")], "preprocessor_module": {"id": "preprocessor", "value": value}})
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}?q=z", json={"n": 4})
    assert answer.json() == {"x": 5, "q": "z"}


def test_other_modules_are_no_preprocessors(http: httpx.Client, deployed: Callable[[Document], str]) -> None:
    """The request is refused before anything runs."""
    path = deployed({"modules": [identity("a")], "preprocessor_module": identity("preprocessor")})
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}", json={"n": 4})
    assert (answer.status_code, "Unsupported preprocessor module" in answer.text) == (500, True)
