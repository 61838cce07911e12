"""What flows do beyond the recorded cases, as the reference (openflow.md) says of the real engine."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.faults.test_killed_server import result

CODE = "def main(x=None):\n    return x\n"
BOOM = "def main():\n    raise ValueError('boom')\n"
NIL = "00000000-0000-0000-0000-000000000000"

Document = dict[str, Any]


def javascript(expression: str) -> Document:
    """An input transform."""
    return {"type": "javascript", "expr": expression}


def step(name: str, expression: str = "1", **more: Any) -> Document:
    """A step that returns an expression's value."""
    transforms = {"x": javascript(expression)}
    value = {"type": "rawscript", "language": "python3", "content": CODE, "input_transforms": transforms}
    return {"id": name, "value": value, **more}


def failing(name: str, **more: Any) -> Document:
    """A step that raises."""
    value = {"type": "rawscript", "language": "python3", "content": BOOM, "input_transforms": {}}
    return {"id": name, "value": value, **more}


def loop(name: str, items: str, *modules: Document, more: Document | None = None, **fields: Any) -> Document:
    """A loop over what an expression gives."""
    value = {"type": "forloopflow", "iterator": javascript(items), "modules": list(modules), "skip_failures": False}
    return {"id": name, "value": {**value, **fields}, **(more or {})}


def branches(name: str, *lists: list[Document], **fields: Any) -> Document:
    """All of several branches."""
    return {"id": name, "value": {"type": "branchall", "branches": [{"modules": each} for each in lists], **fields}}


def start(http: httpx.Client, modules: list[Document], args: Document | None = None, **flow: Any) -> str:
    """The identifier of a flow that was started."""
    body = {"value": {"modules": modules, **flow}, "args": args or {}}
    answer = http.post("/w/demo/jobs/run/preview_flow", json=body)
    assert answer.status_code == 201, answer.text
    return answer.text


def run(http: httpx.Client, modules: list[Document], args: Document | None = None, **flow: Any) -> Document:
    """The completed job of a flow, `wait_success` as get_result_maybe tells it."""
    job = start(http, modules, args, **flow)
    ended = result(http, job)
    found: Document = http.get(f"/w/demo/jobs_u/get/{job}").json()
    return {**found, "wait_success": ended["success"]}


def until(http: httpx.Client, job: str, found: Any) -> Document:
    """The job's document as soon as `found` holds of it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        document: Document = http.get(f"/w/demo/jobs_u/get/{job}").json()
        if found(document):
            return document
        time.sleep(0.02)
    raise AssertionError(json.dumps(document))


HANDLER = {**step("failure", "error.message"), "id": "failure"}
SHOWN = {
    "skipped by condition": (
        [step("a", "'kept'", stop_after_if={"expr": "result == 'kept'", "skip_if_stopped": True}), failing("b")],
        {},
        (True, "kept"),
    ),
    "stopped with an error": (
        [step("a", "5", stop_after_if={"expr": "result > 4", "skip_if_stopped": False, "error_message": "too much"})],
        {},
        (False, {"error": {"name": "EarlyStopError", "message": "too much"}}),
    ),
    "stopped with an unnamed error": (
        [step("a", "5", stop_after_if={"expr": "result > 4", "skip_if_stopped": False, "error_message": ""})],
        {},
        (False, {"error": {"name": "EarlyStopError", "message": "stop after if: result > 4"}}),
    ),
    "a flow's own condition": ([failing("a")], {"skip_expr": "flow_input.n == 1"}, (True, "stopped early")),
    "an error on the last step that is passed over": (
        [failing("a", continue_on_error=True)],
        {},
        (True, {"error": {"name": "ValueError", "message": "boom", "step_id": "a"}}),
    ),
    "the failure module's result": ([failing("a")], {"failure_module": HANDLER}, (False, "boom")),
    "a failure module that recovers": (
        [failing("a")],
        {"failure_module": {**step("failure", "({recover: true})"), "id": "failure"}},
        (True, {"recover": True}),
    ),
    "a failure module inside a loop": (
        [loop("l", "[1]", failing("i"))],
        {"failure_module": HANDLER},
        (False, ["boom"]),
    ),
    "failures that a loop skips": (
        [loop("l", "[1, 2]", failing("i"), skip_failures=True), step("z", "results.l.length")],
        {},
        (True, 2),
    ),
    "a loop that fails gives its list": (
        [loop("l", "[1, 2]", failing("i"))],
        {},
        (False, [{"error": {"name": "ValueError", "step_id": "i"}}]),
    ),
    "a loop's own condition breaks it": (
        [
            loop("l", "[1, 2, 3]", step("i", "flow_input.iter.value"),
                 more={"stop_after_if": {"expr": "result == 2 && all_iters.length == 2", "skip_if_stopped": False}}),
            step("z", "results.l"),
        ],
        {},
        (True, [1, 2]),
    ),
    "a condition on all iterations": (
        [
            loop("l", "[1, 2]", step("i", "flow_input.iter.value"), parallel=True,
                 more={"stop_after_all_iters_if": {"expr": "result.length == 2", "skip_if_stopped": False}}),
            failing("z"),
        ],
        {},
        (True, [1, 2]),
    ),
    "a stop in a branch stops the flow": (
        [
            {"id": "b", "value": {"type": "branchone", "branches": [], "default": [
                step("i", "3", stop_after_if={"expr": "true", "skip_if_stopped": False}), failing("j")]}},
            failing("z"),
        ],
        {},
        (True, 3),
    ),
    "branches one by one stop where one stops": (
        [branches("b", [step("i", "1", stop_after_if={"expr": "true", "skip_if_stopped": False})], [failing("j")],
                  parallel=False), failing("z")],
        {},
        (True, [1]),
    ),
    "no branches": ([branches("b")], {}, (True, [])),
    "an empty branch gives the arguments": ([branches("b", [])], {}, (True, [{"n": 1}])),
    "an empty branch as the first module": (
        [{"id": "b", "value": {"type": "branchone", "branches": [], "default": []}}],
        {},
        (True, "{}"),
    ),
    "a step inside a parallel loop is not seen": (
        [loop("l", "[1]", step("i", "1"), parallel=True), step("z", "results.i")], {}, (True, None)
    ),
    "a step inside a loop is seen": (
        [loop("l", "[1, 2]", step("i", "flow_input.iter.value")), step("z", "results.i")], {}, (True, 2)
    ),
    "a loop without an end of its own": (
        [{"id": "w", "value": {"type": "whileloopflow", "modules": [step("i", "flow_input.iter.index")]},
          "stop_after_if": {"expr": "result >= 2", "skip_if_stopped": False}}, step("z", "[results.w, results.i]")],
        {},
        (True, [[0, 1, 2], None]),
    ),
    "a condition that throws": (
        [step("a", "1", stop_after_if={"expr": "nope.x", "skip_if_stopped": False})],
        {"failure_module": {**step("failure", "typeof error"), "id": "failure"}},
        (False, "string"),
    ),
    "a retry that is not wanted": (
        [failing("a", retry={"constant": {"attempts": 3}, "retry_if": {"expr": "error.name == 'KeyError'"}})],
        {},
        (False, {"error": {"name": "ValueError"}}),
    ),
    "a missing script": (
        [step("z"), {"id": "a", "value": {"type": "script", "path": "u/admin/nowhere", "input_transforms": {}}}],
        {},
        (False, {"error": {"name": "InternalError", "message": "Not found: script not found at name u/admin/nowhere"}}),
    ),
    "two steps without an id": ([{**step("", "1")}, {**step("", "2")}], {}, (True, 2)),
    "the later of two steps of one id": ([step("a", "1"), step("a", "2"), step("z", "results.a")], {}, (True, 2)),
    "a sleep of no number": (
        [step("a", sleep={"type": "static", "value": -1}), step("b")],
        {},
        (False, {"error": {"name": "InternalError", "message": "Expected an integer, found: -1"}}),
    ),
    "values of the flow's environment": ([step("a", "flow_env.K")], {"flow_env": {"K": {"v": 2}}}, (True, {"v": 2})),
    "names outside of an approval": ([step("a", "[resume, resumes, approvers]")], {}, (True, [None, [], []])),
    "parallel jobs on one worker": (
        [loop("l", "[1, 2]", step("i"), parallel=True)],
        {"same_worker": True},
        (False, {"error": {"name": "Anyhow"}}),
    ),
}  # fmt: skip


def covers(wanted: Any, found: Any) -> bool:
    """Whether objects hold what is wanted; all else is equal."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and covers(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(covers, wanted, found))
    return bool(wanted == found)


DIFFERENT = {
    "a missing script": pytest.mark.differs("end of an error's text"),
    "two steps without an id": pytest.mark.differs("steps without an id"),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name, marks=DIFFERENT.get(name, ())) for name, case in SHOWN.items()]
)
def test_a_flow_ends_as_the_reference_says(http: httpx.Client, case: tuple[Any, ...]) -> None:
    """Success and result are those of the real engine."""
    modules, flow, (success, wanted) = case
    job = run(http, modules, {"n": 1}, **flow)
    assert job["success"] is success, job["result"]
    assert covers(wanted, job["result"]), job["result"]


def test_a_skipped_flow_says_so(http: httpx.Client) -> None:
    """The job is a success that was skipped; who waits for it is told that it was none."""
    job = run(http, [step("a", stop_after_if={"expr": "true", "skip_if_stopped": True})])
    assert (job["success"], job["is_skipped"], job["wait_success"]) == (True, True, False)
    assert job["flow_status"]["modules"][0]["skipped"] is True


def test_failed_tries_are_noted(http: httpx.Client) -> None:
    """The status names the jobs of the failed tries, and each has the arguments of the first."""
    code = (
        "import os, pathlib\ndef main(x):\n    f = pathlib.Path('/tmp/flexwm_' + os.environ['WM_ROOT_FLOW_JOB_ID'])\n"
        "    if not f.exists():\n        f.write_text('')\n        raise ValueError('first')\n"
        "    f.unlink()\n    return x\n"
    )
    value = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {"x": javascript("7")}}
    job = run(http, [{"id": "a", "value": value, "retry": {"constant": {"attempts": 1, "seconds": 0}}}])
    (module,) = job["flow_status"]["modules"]
    assert (job["result"], module["type"], len(module["failed_retries"])) == (7, "Success", 1)
    assert "retry" not in job["flow_status"]
    first = http.get(f"/w/demo/jobs_u/get/{module['failed_retries'][0]}").json()
    assert (first["success"], first["args"]) == (False, {"x": 7})


def test_the_failure_module_knows_whose_failure_it_handles(http: httpx.Client) -> None:
    """Its status names the module; copies inside of loops and branches are named by their place."""
    inner = {"id": "b", "value": {"type": "branchone", "branches": [], "default": [loop("l", "[1]", failing("i"))]}}
    job = run(http, [inner], failure_module=HANDLER)
    branch = http.get(f"/w/demo/jobs_u/get/{job['flow_status']['modules'][0]['job']}").json()
    iteration = http.get(f"/w/demo/jobs_u/get/{branch['flow_status']['modules'][0]['job']}").json()
    handled = iteration["flow_status"]["failure_module"]
    assert (handled["type"], handled["id"], handled["parent_module"]) == ("Success", "failure-0-0-0", "i")
    assert job["flow_status"]["failure_module"]["type"] == "WaitingForPriorSteps"
    assert job["result"] == ["boom"]


def test_cancelling_a_flow_ends_all_of_it(http: httpx.Client) -> None:
    """The running step's process is ended, its module failed, later ones did not start, and no handler ran."""
    value = {"type": "rawscript", "language": "bash", "content": "sleep 30", "input_transforms": {}}
    job = start(http, [loop("l", "[1, 2]", {"id": "i", "value": value}), step("z")], failure_module=HANDLER)
    until(http, job, lambda found: found.get("flow_status", {}).get("modules", [{}])[0].get("job"))
    time.sleep(0.3)
    answer = http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
    assert (answer.status_code, answer.text) == (200, job)
    found = until(http, job, lambda found: found["type"] == "CompletedJob")
    assert (found["canceled"], found["canceled_reason"]) == (True, "enough")
    assert found["result"]["error"]["name"] == "Canceled"
    kinds = [module["type"] for module in found["flow_status"]["modules"]]
    assert kinds == ["Failure", "WaitingForPriorSteps"]
    left = http.get("/w/demo/jobs/queue/list", params={"parent_job": job}).json()
    assert left == []


def test_cancelling_a_flow_that_waits_ends_it(http: httpx.Client) -> None:
    """A flow that waits for an approval, or sleeps, ends at once."""
    asks = start(http, [step("a", suspend={"required_events": 1}), step("b")])
    sleeps = start(http, [step("a", sleep={"type": "static", "value": 60}), step("b")])
    until(http, asks, lambda found: found.get("suspend") == 1)
    until(http, sleeps, lambda found: (found.get("flow_status") or {}).get("step") == 1)
    for job in (asks, sleeps):
        http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
        assert until(http, job, lambda found: found["type"] == "CompletedJob")["canceled"] is True


def test_a_step_waits_for_its_predecessor_s_approval(http: httpx.Client) -> None:
    """Resumed, the next step sees what was sent, and the status who sent it."""
    job = start(
        http, [step("a", "'asked'", suspend={"required_events": 1}), step("b", "[resume, approvers, previous_result]")]
    )
    waits = until(http, job, lambda found: found.get("suspend") == 1)
    assert waits["running"] is True
    module = waits["flow_status"]["modules"][1]
    assert (module["type"], module["count"]) == ("WaitingForEvents", 1)
    assert http.post(f"/w/demo/jobs/flow/resume/{job}", json={"k": 1}).status_code == 201
    found = until(http, job, lambda found: found["type"] == "CompletedJob")
    assert found["result"] == [{"k": 1}, ["admin"], "asked"]


def test_a_pause_after_the_last_step_adds_a_hidden_one(http: httpx.Client) -> None:
    """The flow has a module more, which hands the result on."""
    job = run(http, [step("a", "4", sleep={"type": "static", "value": 0.1})])
    assert [module["id"] for module in job["flow_status"]["modules"]] == ["a", "a-v"]
    assert job["result"] == 4


def test_steps_know_the_flow_they_belong_to(http: httpx.Client) -> None:
    """The environment names the direct flow, the root and the step."""
    names = ("WM_FLOW_JOB_ID", "WM_ROOT_FLOW_JOB_ID", "WM_FLOW_STEP_ID")
    code = f"import os\ndef main():\n    return [os.environ[name] for name in {names}]\n"
    inside = {"id": "i", "value": {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}}
    job = run(http, [loop("l", "[1]", inside)])
    iteration = job["flow_status"]["modules"][0]["flow_jobs"][0]
    assert job["result"] == [[iteration, job["id"], "i"]]
    child = http.get(f"/w/demo/jobs_u/get/{iteration}").json()
    assert (child["job_kind"], child["parent_job"], child["args"]) == (
        "flowpreview",
        job["id"],
        {"iter": {"index": 0, "value": 1}},
    )


def test_only_so_many_iterations_run_at_once(http: httpx.Client) -> None:
    """With `parallelism` 2 no more than two of the iterations overlap."""
    code = "import time\ndef main():\n    begin = time.time()\n    time.sleep(0.1)\n    return [begin, time.time()]\n"
    inside = {"id": "i", "value": {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}}
    job = run(http, [loop("l", "[1, 2, 3, 4, 5]", inside, parallel=True, parallelism=2)])
    spans = job["result"]
    assert max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans) <= 2


def test_a_result_is_kept_for_equal_arguments(http: httpx.Client) -> None:
    """A step with `cache_ttl` runs once for each path and arguments."""
    code = "import uuid\ndef main(x):\n    return str(uuid.uuid4())\n"
    value = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {"x": javascript("1")}}
    flow = [{"id": "a", "value": {**value, "path": "u/admin/flow_cache"}, "cache_ttl": 60}]
    assert run(http, flow)["result"] == run(http, flow)["result"]


@pytest.mark.differs("`delete_after_use` of a step")
def test_content_that_is_not_to_be_kept_goes_with_the_flow(http: httpx.Client) -> None:
    """A step's arguments and result are empty when the flow has ended; later steps have read them."""
    job = run(http, [step("a", "'secret'", delete_after_use=True), step("b", "results.a")])
    assert job["result"] == "secret"
    hidden = http.get(f"/w/demo/jobs_u/get/{job['flow_status']['modules'][0]['job']}").json()
    assert (hidden["args"], hidden["result"]) == ({}, {})


@pytest.mark.differs("`delete_after_secs` of a step")
def test_content_goes_after_its_time(http: httpx.Client) -> None:
    """With `delete_after_secs` a step's result stays for that long after the flow's end, then it is empty."""
    job = run(http, [step("a", "'secret'", delete_after_secs=1), step("b", "2")])
    inner = job["flow_status"]["modules"][0]["job"]
    assert job["flow_status"]["cleanup_module"] == {"flow_jobs_to_clean": [inner]}
    assert http.get(f"/w/demo/jobs_u/get/{inner}").json()["result"] == "secret"
    assert until(http, inner, lambda found: found["result"] == {})["args"] == {}


@pytest.mark.differs("a NUL character in an argument of a step")
def test_arguments_that_cannot_be_stored_fail_the_step(http: httpx.Client) -> None:
    """A value that PostgreSQL would refuse is the step's failure, and the flow goes on from there."""
    job = run(
        http, [step("a", "String.fromCharCode(0)", continue_on_error=True), step("b", "previous_result.error.name")]
    )
    assert (job["success"], job["result"]) == (True, "ExecutionErr")
