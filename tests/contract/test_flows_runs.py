"""Running flows over HTTP: by path, by version, waited for, followed, taken up again; their steps' results and logs."""

from __future__ import annotations

import json
import time
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from flexwm_nb import Engine


def bash(step: str, content: str, **reads: str) -> dict[str, Any]:
    """A step of bash that reads expressions by name."""
    given = {name: {"type": "javascript", "expr": expression} for name, expression in reads.items()}
    head = "".join(f'{name}="${number}"\n' for number, name in enumerate(reads, 1))
    value = {"type": "rawscript", "language": "bash", "content": head + content, "input_transforms": given}
    return {"id": step, "value": value}


def loop(content: str) -> dict[str, Any]:
    """A flow that goes over its argument, and then counts."""
    inner = [bash("i", content, x="flow_input.iter.value")]
    over = {"type": "forloopflow", "iterator": {"type": "javascript", "expr": "flow_input.xs"}, "modules": inner}
    return {"modules": [{"id": "l", "value": over}, bash("z", 'echo "z $n"', n="results.l.length")]}


FAILS_AT_BAD = loop('[ "$x" = bad ] && exit 3\necho "it $x"')


def deploy(http: httpx.Client, value: dict[str, Any]) -> str:
    """Store a flow; its path."""
    path = f"u/admin/run_{uuid4().hex[:8]}"
    assert http.post("/w/demo/flows/create", json={"path": path, "summary": "", "value": value}).status_code == 201
    return path


def preview(http: httpx.Client, value: dict[str, Any], **fields: Any) -> str:
    """Start a preview; its job."""
    answer = http.post("/w/demo/jobs/run/preview_flow", json={"value": value, **fields})
    assert answer.status_code == 201, answer.text
    return answer.text


def end(http: httpx.Client, job: str) -> dict[str, Any]:
    """The job's document, once it has ended."""
    limit = time.monotonic() + 20
    while (found := http.get(f"/w/demo/jobs_u/get/{job}").json())["type"] != "CompletedJob":
        assert time.monotonic() < limit, found.get("flow_status")
        time.sleep(0.02)
    return dict(found)


def test_a_version_runs_as_it_was(http: httpx.Client) -> None:
    """Whatever the flow is by now; by GET with a payload too."""
    path = deploy(http, {"modules": [bash("a", "echo first")]})
    version = http.get(f"/w/demo/flows/get/{path}").json()["version_id"]
    second = {"path": path, "summary": "", "value": {"modules": [bash("a", "echo second")]}}
    http.post(f"/w/demo/flows/update/{path}", json=second)
    assert http.post(f"/w/demo/jobs/run_wait_result/fv/{version}", json={}).json() == "first"
    assert http.get(f"/w/demo/jobs/run_wait_result/f/{path}").json() == "second"
    job = http.post(f"/w/demo/jobs/run/fv/{version}", json={"n": 1}).text
    found = end(http, job)
    assert (found["job_kind"], int(found["script_hash"], 16), found["args"]) == ("flow", version, {"n": 1})


def test_a_flow_answers_early(http: httpx.Client) -> None:
    """With the named step's result, while the flow goes on."""
    path = deploy(http, {"modules": [bash("a", "echo 1"), bash("b", "sleep 2; echo 2")], "early_return": "a"})
    begun = time.monotonic()
    assert http.post(f"/w/demo/jobs/run_wait_result/f/{path}", json={}).json() == "1"
    assert time.monotonic() - begun < 1.5
    listed = http.get("/w/demo/jobs/list", params={"script_path_exact": path, "has_null_parent": True}).json()
    (job,) = [job for job in listed if job["job_kind"] == "flow"]
    assert end(http, job["id"])["result"] == "2"


def test_a_failed_flow_answers_422(http: httpx.Client) -> None:
    """With the step's error."""
    path = deploy(http, {"modules": [bash("a", "exit 3")]})
    answer = http.post(f"/w/demo/jobs/run_wait_result/f/{path}", json={})
    assert (answer.status_code, answer.json()["error"]["step_id"]) == (422, "a")


def test_a_flow_is_followed(http: httpx.Client) -> None:
    """The stream ends with its result."""
    path = deploy(http, {"modules": [bash("a", "echo 1")]})
    with http.stream("POST", f"/w/demo/jobs/run_and_stream/f/{path}", json={}) as answer:
        messages = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    assert (messages[-1]["completed"], messages[-1]["only_result"]) == (True, "1")


def test_results_of_steps(http: httpx.Client) -> None:
    """Of a loop the list, of what stands inside the last iteration's; part of it by a path."""
    job = preview(http, FAILS_AT_BAD, args={"xs": ["p", "q"]})
    end(http, job)
    url = f"/w/demo/jobs/result_by_id/{job}"
    assert http.get(f"{url}/l").json() == ["it p", "it q"]
    assert http.get(f"{url}/l", params={"json_path": "1"}).json() == "it q"
    assert (http.get(f"{url}/i").json(), http.get(f"{url}/z").json()) == ("it q", "z 2")
    unknown = http.get(f"{url}/nope")
    assert (unknown.status_code, "Flow result by id not found" in unknown.text) == (404, True)


def test_logs_of_all_steps(http: httpx.Client) -> None:
    """As one text and as entries with their places."""
    job = preview(http, FAILS_AT_BAD, args={"xs": ["p", "q"]})
    end(http, job)
    text = http.get(f"/w/demo/jobs_u/get_flow_all_logs/{job}").text
    assert text.index("it p") < text.index("it q") < text.index("z 2")
    entries = http.get(f"/w/demo/jobs_u/get_flow_all_logs_structured/{job}").json()
    places = [(entry["step_path"], entry["depth"], entry["sibling_index"]) for entry in entries]
    assert places == [("", 0, 1), ("l", 1, 1), ("l/i", 2, 1), ("l", 1, 2), ("l/i", 2, 1), ("z", 1, 1)]


RESTART = pytest.mark.differs("restarts by `restart/f`")


@RESTART
def test_a_run_goes_on_from_a_step(http: httpx.Client) -> None:
    """With the jobs before it, and the same arguments."""
    first = end(http, preview(http, FAILS_AT_BAD, args={"xs": ["p"]}))
    again = end(http, http.post(f"/w/demo/jobs/restart/f/{first['id']}", json={"step_id": "z"}).text)
    assert (again["result"], again["args"]) == ("z 1", {"xs": ["p"]})
    before, after = first["flow_status"]["modules"], again["flow_status"]["modules"]
    assert (before[0]["job"] == after[0]["job"], before[1]["job"] == after[1]["job"]) == (True, False)
    assert again["flow_status"]["restarted_from"]["flow_job_id"] == first["id"]


@pytest.mark.parametrize("way", [pytest.param("restart", marks=RESTART), "preview"])
def test_a_failed_iteration_is_replaced(http: httpx.Client, way: str) -> None:
    """The run goes on at the iteration that failed, with another definition of its step."""
    arguments = {"xs": ["p", "bad", "r"]}
    job = preview(http, FAILS_AT_BAD, args=arguments)
    failed = end(http, job)
    assert failed["success"] is False
    fixed, place = loop('echo "fixed $x"'), {"step_id": "l", "branch_or_iteration_n": 1}
    if way == "restart":
        new = http.post(f"/w/demo/jobs/restart/f/{job}", json={**place, "value": fixed}).text
    else:
        new = preview(http, fixed, args=arguments, restarted_from={"flow_job_id": job, **place})
    assert end(http, new)["success"] is True
    assert http.get(f"/w/demo/jobs/result_by_id/{new}/l").json() == ["it p", "fixed bad", "fixed r"]


@RESTART
def test_a_late_approval_is_not_asked_again(http: httpx.Client) -> None:
    """A run that nobody approved in time goes on after the wait."""
    asking = {**bash("a", "echo a"), "suspend": {"required_events": 1, "timeout": 1}}
    job = preview(http, {"modules": [asking, bash("b", "echo b")]})
    assert end(http, job)["result"]["error"]["name"] == "SuspendedTimedOut"
    assert end(http, http.post(f"/w/demo/jobs/restart/f/{job}", json={"step_id": "b"}).text)["result"] == "b"


INSIDE = {
    "modules": [
        {
            "id": "l",
            "value": {
                "type": "forloopflow",
                "iterator": {"type": "javascript", "expr": "flow_input.xs"},
                "modules": [
                    bash("p", "echo $RANDOM$RANDOM"),
                    {
                        "id": "o",
                        "value": {
                            "type": "branchone",
                            "branches": [{"expr": "flow_input.iter.value == 'bad'", "modules": [bash("f", "exit 3")]}],
                            "default": [bash("g", "echo fine")],
                        },
                    },
                ],
            },
        },
    ]
}


@pytest.mark.differs("restarts inside of loops, branches and flows; another definition for a flow that waits")
def test_a_run_goes_on_inside_of_a_loop_and_a_branch(http: httpx.Client, engine: Engine) -> None:
    """What stands before the step keeps its results at every level, and the branch stays the one that was taken."""
    job = preview(http, INSIDE, args={"xs": ["p", "bad", "r"]})
    old = end(http, job)["flow_status"]["modules"][0]["flow_jobs"]
    fixed = json.loads(json.dumps(INSIDE).replace("exit 3", "echo mended").replace("== 'bad'", "== 'never'"))
    execution = engine.executions.attach(job).restart("l[1]/o/f", value=fixed)
    assert execution.result(timeout=20) == ["fine", "mended", "fine"]
    new = end(http, execution.id)["flow_status"]
    assert new["modules"][0]["flow_jobs"][0] == old[0]
    steps = [http.get(f"/w/demo/jobs_u/get/{run}").json()["flow_status"]["modules"][0]["job"] for run in
             (old[1], new["modules"][0]["flow_jobs"][1])]  # fmt: skip
    assert (steps[0] == steps[1], new["restarted_from"]["nested"]["nested"]["step_id"]) == (True, "f")


NOWHERE = str(uuid4())
REFUSED = [
    pytest.param({"step_id": "x"}, 500, "Flow cannot be restarted from step x as it could not be found.", id="step"),
    pytest.param({"step_id": "l", "branch_or_iteration_n": 9}, 500, "as it has only 2 iterations", id="iteration"),
    pytest.param({"step_id": "z"}, 500, "Flow cannot be restarted from a non successful module", id="after a failure"),
    pytest.param({"step_id": "z", "nested_path": [{}]}, 422, "missing field `step_id`", id="no step inside"),
    pytest.param({"step_id": "z", "nested_path": [{"step_id": "b"}]}, 400, "is not a container", id="inside a script"),
    pytest.param(
        {"step_id": "l", "branch_or_iteration_n": 7, "nested_path": [{"step_id": "b"}]},
        400,
        "has only 2 iterations",
        id="inside an iteration that was not",
    ),
    pytest.param(
        {"step_id": "l", "nested_path": [{"step_id": "q"}]},
        400,
        "step 'q' not found in original run",
        id="no such step",
    ),
    pytest.param({"step_id": "z", "flow_version": 1}, 404, "flow version not found at name 1", id="version"),
    pytest.param({}, 422, "missing field `step_id`", id="no step"),
]


@RESTART
@pytest.mark.parametrize(("body", "status", "text"), REFUSED)
def test_what_cannot_be_taken_up(http: httpx.Client, body: dict[str, Any], status: int, text: str) -> None:
    """Each with its reason."""
    job = preview(http, FAILS_AT_BAD, args={"xs": ["p", "bad"]})
    end(http, job)
    answer = http.post(f"/w/demo/jobs/restart/f/{job}", json=body)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


@RESTART
def test_a_run_that_goes_on_is_not_taken_up(http: httpx.Client) -> None:
    """Nor one that never was; meanwhile its steps' jobs are told."""
    job = preview(http, {"modules": [bash("a", "sleep 20")]})
    answer = http.post(f"/w/demo/jobs/restart/f/{job}", json={"step_id": "a"})
    assert (answer.status_code, "before it has ended" in answer.text) == (500, True)
    assert http.get(f"/w/demo/jobs_u/get_flow_debug_info/{job}").json()["a"]["parent_job"] == job
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    end(http, job)
    assert http.get(f"/w/demo/jobs_u/get_flow_debug_info/{job}").text == f"Not found: QueuedJob {job} not found"
    assert http.post(f"/w/demo/jobs/restart/f/{NOWHERE}", json={"step_id": "a"}).status_code == 404


OVERLAPS = [pytest.param(False, id="runs overlap"), pytest.param(True, id="one after the other")]


@pytest.mark.parametrize("alone", OVERLAPS)
def test_scheduled_flows(http: httpx.Client, alone: bool) -> None:
    """Every second starts a run; where they may not overlap it is skipped while another one goes on."""
    path = deploy(http, {"modules": [bash("a", "sleep 1.6")]})
    schedule = {"path": f"{path}_s", "schedule": "* * * * * *", "timezone": "UTC", "script_path": path}
    body = {**schedule, "is_flow": True, "enabled": True, "no_flow_overlap": alone}
    assert http.post("/w/demo/schedules/create", json=body).status_code == 200
    time.sleep(4.2)
    http.post(f"/w/demo/schedules/setenabled/{path}_s", json={"enabled": False})
    jobs = http.get("/w/demo/jobs/list", params={"schedule_path": f"{path}_s"}).json()
    runs, steps = [[job for job in jobs if job["is_flow_step"] is is_step] for is_step in (False, True)]
    starts = [datetime.fromisoformat(job["started_at"][:-1] + "+00:00") for job in runs if job.get("started_at")]
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(sorted(starts))]
    assert len(starts) >= 3 and min(gaps) < 1.6, gaps
    skipped = [end(http, job["id"])["result"] for job in runs if job["type"] == "CompletedJob" and job["is_skipped"]]
    assert bool(skipped) is alone
    assert all(result.startswith("not allowed to overlap with ") for result in skipped)
    assert steps and {step["parent_job"] for step in steps} <= {run["id"] for run in runs}


@pytest.mark.differs("a scheduled script that is tried again")
def test_a_scheduled_script_tries_again(http: httpx.Client) -> None:
    """A schedule's retries make the run a flow of the script alone."""
    path = f"u/admin/tries_{uuid4().hex[:8]}"
    script = {"path": path, "summary": "", "content": 'x="$1"\nexit 4', "language": "bash"}
    http.post("/w/demo/scripts/create", json=script)
    schedule = {"path": f"{path}_s", "schedule": "* * * * * *", "timezone": "UTC", "script_path": path}
    more = {"is_flow": False, "enabled": True, "args": {"x": 1}, "retry": {"constant": {"attempts": 2, "seconds": 0}}}
    assert http.post("/w/demo/schedules/create", json={**schedule, **more}).status_code == 200
    time.sleep(1.9)
    http.post(f"/w/demo/schedules/setenabled/{path}_s", json={"enabled": False})
    query = {"schedule_path": f"{path}_s", "has_null_parent": True}
    *_, first = http.get("/w/demo/jobs/list", params=query).json()
    assert end(http, first["id"])["job_kind"] == "singlestepflow"
    assert len(http.get("/w/demo/jobs/list", params={"parent_job": first["id"]}).json()) == 3


ASKED = pytest.mark.differs("`dynamic_skip` of a schedule")
SKIPS = [pytest.param(True, id="it runs"), pytest.param(False, id="it is skipped")]


@ASKED
@pytest.mark.parametrize("runs", SKIPS)
@pytest.mark.parametrize("is_flow", [pytest.param(True, id="flow"), pytest.param(False, id="script")])
def test_a_schedule_asks_a_script_about_each_tick(http: httpx.Client, runs: bool, is_flow: bool) -> None:
    """The script gets the time, and only `true` lets the target run."""
    handler = f"u/admin/asks_{uuid4().hex[:8]}"
    content = f"def main(scheduled_for: str):\n    return {runs} and scheduled_for.endswith('+00:00')"
    script = {"path": handler, "summary": "", "content": content, "language": "python3"}
    assert http.post("/w/demo/scripts/create", json=script).status_code == 201
    path = f"u/admin/skips_{uuid4().hex[:8]}"
    if is_flow:
        path = deploy(http, {"modules": [bash("b", "echo $x done", x="flow_input.x")]})
    else:
        http.post(
            "/w/demo/scripts/create",
            json={**script, "path": path, "language": "bash", "content": 'x="$1"\necho $x done'},
        )
    schedule = {
        "path": f"{path}_s",
        "schedule": "* * * * * *",
        "timezone": "UTC",
        "script_path": path,
        "args": {"x": "all"},
    }
    body = {**schedule, "is_flow": is_flow, "enabled": True, "dynamic_skip": handler}
    assert http.post("/w/demo/schedules/create", json=body).status_code == 200
    time.sleep(1.5)
    http.post(f"/w/demo/schedules/setenabled/{path}_s", json={"enabled": False})
    *_, first = http.get("/w/demo/jobs/list", params={"schedule_path": f"{path}_s"}).json()
    job = end(http, first["id"])
    assert (job["success"], job["is_skipped"]) == (True, not runs)
    assert job["result"] == ("all done" if runs else False)


def test_who_follows_is_told_how_the_steps_stand(http: httpx.Client) -> None:
    """Each change once, where that is asked for; also by polling."""
    job = preview(http, {"modules": [bash("a", "sleep 0.3"), bash("b", "sleep 0.3")]})
    url = f"/w/demo/jobs_u/getupdate_sse/{job}"
    with http.stream("GET", url, params={"is_flow": "true", "running": "true"}) as answer:
        messages = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    steps = [message["flow_status"]["step"] for message in messages if "flow_status" in message]
    assert steps == sorted(steps) and {0, 2} <= set(steps) <= {0, 1, 2}
    polled = http.get(f"/w/demo/jobs_u/getupdate/{job}", params={"is_flow": "true"}).json()
    assert [module["type"] for module in polled["flow_status"]["modules"]] == ["Success", "Success"]


@pytest.mark.differs("`flow_status` in updates")
def test_who_does_not_ask_is_not_told_how_the_steps_stand(http: httpx.Client) -> None:
    """A long loop's status would be sent at each of its steps."""
    job = preview(http, {"modules": [bash("a", "echo 1")]})
    end(http, job)
    assert "flow_status" not in http.get(f"/w/demo/jobs_u/getupdate/{job}").json()


def test_a_flow_that_waits_shows_its_steps(http: httpx.Client) -> None:
    """Each of them waiting, the hidden one after a last pause too."""
    last = {**bash("b", "echo"), "sleep": {"type": "static", "value": 1}}
    body = {"value": {"modules": [bash("a", "echo"), last]}}
    job = http.post("/w/demo/jobs/run/preview_flow", params={"scheduled_in_secs": 600}, json=body).text
    status = http.get(f"/w/demo/jobs_u/get/{job}").json()["flow_status"]
    assert (status["step"], [module["id"] for module in status["modules"]]) == (0, ["a", "b", "b-v"])
    assert status["failure_module"] == {"type": "WaitingForPriorSteps", "id": "failure"}
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
