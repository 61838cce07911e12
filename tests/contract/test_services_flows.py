"""Flows as a program registers, runs, follows and takes them up again."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from flexwm_nb import notebooks, sync
from flexwm_nb.cli.main import main
from flexwm_nb.display import frames
from flexwm_nb.engine import Engine
from flexwm_nb.errors import (
    Conflict,
    FlowNotFound,
    InvalidFlow,
    InvalidInput,
    InvalidPath,
    JobFailed,
    JobNotFound,
    RequestRefused,
    ScriptNotFound,
)
from flexwm_nb.execution import Execution
from flexwm_nb.flows.builder import Flow
from flexwm_nb.flows.references import js
from flexwm_nb.models.scripts import ScriptDraft
from tests.conftest import WORKSPACE
from tests.waiting import eventually

_numbers = count()
SECONDS = 30.0

MESSAGES = pytest.mark.differs("deployment messages")


def load(n: int = 3) -> list[int]:
    """Some numbers."""
    return list(range(n))


def double(x: int) -> int:
    """Twice as much."""
    return x * 2


def total(rows: list[int]) -> int:
    """All of them."""
    return sum(rows)


def explain(message: str) -> dict[str, str]:
    """What a failure handler says."""
    return {"said": message}


@pytest.fixture
def flow() -> Flow:
    """Two steps at a path of their own."""
    made = Flow(f"f/flows/flow_{next(_numbers)}", summary="Sums")
    rows = made.step(load, n=made.input.n).result
    made.step(total, rows=rows)
    return made


def test_registering_step_by_step(engine: Engine, flow: Flow) -> None:
    """New, unchanged, changed: each says so in one line."""
    said = [str(engine.flows.register(flow)) for _ in range(2)]
    flow["total"].retry(1)
    said += [str(engine.flows.register(flow)) for _ in range(2)]
    path = flow.path
    assert said == [
        f"{path} v1 registered · 2 steps",
        f"{path} v1 unchanged · 2 steps",
        f"{path} v1 → v2 (+4 −0) · 2 steps",
        f"{path} v2 unchanged · 2 steps",
    ]


@MESSAGES
def test_a_version_has_a_message(engine: Engine, flow: Flow) -> None:
    """In the history."""
    engine.flows.register(flow)
    flow["total"].retry(1)
    engine.flows.register(flow, deployment_message="again")
    assert [found.deployment_message for found in engine.flows.history(str(flow.path))] == ["again", None]


def test_versions_are_found(engine: Engine, flow: Flow) -> None:
    """By path and number; compared as YAML; opened to be changed."""
    engine.flows.register(flow)
    flow["total"].summary("Adds up")
    engine.flows.register(flow)
    path = str(flow.path)
    assert str(engine.flows.resolve(f"{path}@1")) == f"{path}@v1"
    assert "+      summary: Adds up" in engine.flows.diff(path)
    opened = engine.flows.open(path)
    assert str(engine.flows.register(opened)) == f"{path} v2 unchanged · 2 steps"
    old = engine.flows.open(f"{path}@v1").to_document()
    assert "summary" not in old["value"]["modules"][1]
    with pytest.raises(FlowNotFound, match="It has v1 to v2"):
        engine.flows.get(f"{path}@v7")


def test_lists_archiving_and_deleting(engine: Engine, flow: Flow) -> None:
    """An archived flow comes back when it is registered; a deleted one is gone."""
    path = str(flow.path)
    engine.flows.register(flow)
    assert [found.path for found in engine.flows.list(path)] == [path]
    engine.flows.archive(path)
    assert not engine.flows.exists(path)
    assert engine.flows.register(flow).status == "updated"
    assert engine.flows.exists(path)
    engine.flows.delete(path)
    for ask in (engine.flows.get, engine.flows.history, engine.flows.delete, engine.flows.archive, engine.flows.run):
        with pytest.raises(FlowNotFound):
            ask(path)


def test_what_is_wrong_is_not_sent(engine: Engine, flow: Flow) -> None:
    """Steps against the schemas of registered scripts, and a flow without a path."""
    script = f"f/flows/script_{next(_numbers)}"
    engine.scripts.register(ScriptDraft(path=script, language="python3", content="def main(rows: list, k: int): ..."))
    flow.step(script, "report", rows="no", l=1)
    with pytest.raises(InvalidFlow) as caught:
        engine.flows.register(flow)
    assert [str(one) for one in caught.value.problems] == [
        "step report, input k: it is required and missing",
        "step report, input rows: 'no' is not of type array",
    ]
    assert not engine.flows.exists(str(flow.path))
    with pytest.raises(InvalidPath):
        engine.flows.register(Flow())


def test_what_the_engine_refuses(engine: Engine, flow: Flow) -> None:
    """Without the check, the refusal is the engine's own."""
    flow.document["value"]["modules"][0]["value"] = {"type": "teleport"}
    with pytest.raises(RequestRefused, match="teleport"):
        engine.flows.register(flow, check=False)


def test_versions_of_scripts(engine: Engine, flow: Flow) -> None:
    """A step that names one keeps it, whatever comes later."""
    script = f"f/flows/script_{next(_numbers)}"
    first = engine.scripts.register(ScriptDraft(path=script, language="bash", content="echo one"))
    engine.scripts.register(ScriptDraft(path=script, language="bash", content="echo two"))
    pinned = flow.step(f"{script}@v1", "pinned")
    flow.step(script, "newest")
    flow.code("python3", "def main(a, b): return [a, b]", "both", a=pinned.result, b=flow["newest"].result)
    engine.flows.register(flow)
    deployed = engine.flows.open(str(flow.path))
    assert deployed["pinned"].document["value"]["hash"] == first.hash
    assert engine.run(str(flow.path), n=1).result(SECONDS) == ["one", "two"]
    missing = Flow(flow.path)
    missing.step(f"{script}@v9")
    with pytest.raises(ScriptNotFound):
        engine.flows.register(missing)


def test_running(engine: Engine, flow: Flow) -> None:
    """By path, by version, as a preview; the steps' results by their ids."""
    engine.flows.register(flow)
    path = str(flow.path)
    execution = engine.flows.submit(path, {"n": 4})
    assert execution.result(SECONDS) == 6
    assert execution.step_result("load") == [0, 1, 2, 3]
    assert engine.flows.submit(f"{path}@v1", {"n": 3}).result(SECONDS) == 3
    assert engine.flows.preview(flow, {"n": 2}).result(SECONDS) == 1
    assert engine.run(path, n=5).result(SECONDS) == 10
    with pytest.raises(JobNotFound, match="nope"):
        execution.step_result("nope")


def test_what_the_builder_makes_runs(engine: Engine) -> None:
    """Loops, branches, references and operators mean what they say."""
    flow = Flow()
    rows = flow.step(load, n=4).result
    with flow.for_each(rows, parallelism=2) as each:
        flow.step(double, x=each.item + each.index)
    with flow.while_loop(until=js("result >= 2")) as rounds:
        flow.step(double, "round", x=rounds.index)
    with flow.branch_one() as choice:
        with choice.when(rows.length > 9):
            flow.code("bash", "echo many")
        with choice.otherwise():
            flow.code("bash", "echo few")
    with flow.branch_all() as both:
        with both.branch("left"):
            flow.step(double, "left", x=1)
        with both.branch("right"):
            flow.step(double, "right", x=2)
    parts = {"each": each.result, "rounds": rounds.result, "choice": choice.result, "both": [both.result, rows[0]]}
    flow.code("python3", "def main(parts): return parts", "told", parts=parts)
    assert engine.flows.preview(flow).result(SECONDS) == {
        "each": [0, 4, 8, 12],
        "rounds": [0, 2],
        "choice": "few",
        "both": [[2, 4], 0],
    }


def test_a_failure_handler(engine: Engine) -> None:
    """It reads the error; the flow has failed all the same."""
    flow = Flow()
    flow.code("python3", "def main(): raise ValueError('no')", "bad").retry(1)
    flow.on_failure(explain, message=flow.error.message)
    execution = engine.flows.preview(flow)
    job = execution.wait(SECONDS)
    assert (job.state, job.result) == ("failure", {"said": "no"})
    assert [step.step for step in execution.steps()] == ["bad", "failure"]


def test_a_run_twice(engine: Engine, flow: Flow) -> None:
    """With an id of one's own it is one run."""
    from flexwm_nb.client.identifiers import new_id

    engine.flows.register(flow)
    job_id = new_id()
    runs = [engine.flows.submit(str(flow.path), {"n": 1}, job_id=job_id) for _ in range(2)]
    assert {run.result(SECONDS) for run in runs} == {0}
    assert len([job for job in engine.executions.list(path=flow.path) if job.id == job_id]) == 1


def test_the_steps_of_a_run(engine: Engine, flow: Flow) -> None:
    """What became of each, those inside of a loop when asked; as a frame."""
    with flow.for_each(flow["load"].result) as each:
        flow.step(double, x=each.item)
    execution = engine.flows.preview(flow, {"n": 2})
    execution.wait(SECONDS)
    steps = {step.step: step for step in execution.steps(nested=True)}
    assert {"load", "total", "each"} <= steps.keys()
    inside = [name for name in steps if name.startswith("each[")]
    assert [name[:7] for name in inside] == ["each[0]", "each[1]"]
    assert [step.state for step in steps.values()] == ["success"] * len(steps)
    assert steps["load"].worker
    assert (steps["load"].attempts, steps["load"].kind, steps["each"].done) == (1, "rawscript", 2)
    frame = frames.steps(execution.steps())
    assert list(frame["step"]) == ["load", "total", "each"]
    compared = frames.compared({"one": execution.steps(), "two": execution.steps()})
    assert list(compared.columns) == ["one", "two"]


def test_what_happens_is_told(engine: Engine, flow: Flow) -> None:
    """The events of a run say where it stands."""
    last = list(engine.flows.preview(flow, {"n": 2}).events())[-1]
    assert last.job is not None
    assert last.job.result == 1
    assert [module["type"] for module in last.job.flow_status["modules"]] == ["Success", "Success"]


def test_a_failed_step(engine: Engine, flow: Flow) -> None:
    """It is named with its error, its tries counted; a corrected definition goes on from there."""
    content = "def main(rows):\n    raise KeyError('JKF')\n"
    flow["total"].document["value"]["content"] = content
    flow["total"].retry(1)
    execution = engine.flows.preview(flow, {"n": 4})
    with pytest.raises(JobFailed, match="JKF"):
        execution.result(SECONDS)
    failed = execution.steps()[1]
    assert (failed.step, failed.state, failed.error, failed.attempts) == ("total", "failure", "KeyError: 'JKF'", 2)
    first = execution.steps()[0].job
    flow["total"].document["value"]["content"] = content.replace("raise KeyError('JKF')", "return sum(rows)")
    again = execution.restart("total", value=flow.to_document()["value"])
    assert again.result(SECONDS) == 6
    assert again.steps()[0].job == first


def test_taken_up_again(engine: Engine, flow: Flow) -> None:
    """At a step, with the results of those before it; not at one that is not there."""
    engine.flows.register(flow)
    execution = engine.flows.submit(str(flow.path), {"n": 4})
    execution.wait(SECONDS)
    again = execution.restart("total")
    assert again.result(SECONDS) == 6
    assert again.steps()[0].job == execution.steps()[0].job
    assert execution.restart("total", arguments={"n": 9}).result(SECONDS) == 6
    with pytest.raises(RequestRefused, match="could not be found"):
        execution.restart("nope")


def suspended(engine: Engine) -> Execution:
    """A run that waits for an approval."""
    flow = Flow()
    flow.code("bash", "echo ask", "ask").suspend(timeout=60)
    flow.code("python3", "def main(said): return said", "told", said=flow.resume)
    execution = engine.flows.preview(flow)
    eventually(lambda: execution.flow_status().waiting)
    return execution


def test_approving(engine: Engine) -> None:
    """The next step reads what the approval said; there is nothing to approve afterwards."""
    execution = suspended(engine)
    assert execution.steps()[1].state == "suspended"
    execution.approve({"ok": True})
    assert execution.result(SECONDS) == {"ok": True}
    with pytest.raises(InvalidInput, match="waits for no approval: it has ended"):
        execution.approve()


@pytest.mark.differs("restarts inside of loops, branches and flows; another definition for a flow that waits")
def test_another_definition_while_it_waits(engine: Engine) -> None:
    """It goes on with that one; what has run cannot be changed, nor what has ended."""
    execution = suspended(engine)
    value = execution.job().raw_flow
    value["modules"][1]["value"]["content"] = "def main(said): return 'corrected'"
    execution.replace(value)
    with pytest.raises(RequestRefused, match="has run already"):
        execution.replace({"modules": value["modules"][1:]})
    execution.approve()
    assert execution.result(SECONDS) == "corrected"
    with pytest.raises(RequestRefused):
        execution.replace(value)


def test_disapproving(engine: Engine) -> None:
    """The flow fails, in Windmill's words."""
    execution = suspended(engine)
    execution.disapprove()
    with pytest.raises(JobFailed, match="Disapproved"):
        execution.result(SECONDS)


def test_an_approval_inside_of_a_loop(engine: Engine) -> None:
    """It is found where it is."""
    flow = Flow()
    with flow.for_each([1]):
        flow.code("bash", "echo ask", "ask").suspend(timeout=60)
        flow.code("python3", "def main(said): return said", "told", said=flow.resume)
    execution = engine.flows.preview(flow)

    def approved() -> bool:
        try:
            execution.approve("yes")
        except InvalidInput:
            return False
        return True

    eventually(approved)
    assert execution.result(SECONDS) == ["yes"]


def test_a_script_has_no_steps(engine: Engine) -> None:
    """Who asks for them is told."""
    execution = engine.executions.preview("bash", "echo 1")
    with pytest.raises(InvalidInput, match="no flow's"):
        execution.steps()


def test_schedules(engine: Engine, flow: Flow) -> None:
    """Made, changed, listed, switched, removed."""
    engine.flows.register(flow)
    path = f"{flow.path}_schedule"
    engine.schedules.set(path, "0 12 * * *", str(flow.path), {"n": 1}, is_flow=True, enabled=False)
    engine.schedules.set(path, "0 30 12 * * *", str(flow.path), is_flow=True, timezone="Europe/Paris", enabled=False)
    found = engine.schedules.get(path)
    assert (found.cron, found.timezone, found.enabled, found.arguments) == ("0 30 12 * * *", "Europe/Paris", False, {})
    assert [one.path for one in engine.schedules.list(of=str(flow.path))] == [path]
    engine.schedules.enable(path)
    assert engine.schedules.get(path).enabled
    engine.schedules.delete(path)
    assert not engine.schedules.exists(path)
    assert len(engine.schedules.next_runs("0 12 * * *", "Europe/Paris")) == 5
    with pytest.raises(RequestRefused):
        engine.schedules.next_runs("every day")


def test_a_change_of_somebody_else_is_not_lost(engine: Engine, flow: Flow) -> None:
    """Who opened the flow before it has to look at it again; an older version may come back all the same."""
    flow.path = f"f/flows/shared_{next(_numbers)}"
    engine.flows.register(flow)
    mine, theirs = engine.flows.open(flow.path), engine.flows.open(flow.path)
    for number in (1, 2):
        engine.flows.register(theirs.cache(number))
    mine.cache(9)
    with pytest.raises(Conflict, match="changed since it was opened"):
        engine.flows.register(mine)
    mine.based_on = None
    assert engine.flows.register(mine).number == 4
    assert engine.flows.register(engine.flows.open(f"{flow.path}@v1")).number == 5


def test_files_and_back(engine: Engine, flow: Flow, tmp_path: Path) -> None:
    """Pulled, there is nothing to push; changed, just that is pushed; pulled again, nothing changes."""
    where = f"f/sync_{next(_numbers)}"
    flow.path = f"{where}/daily"
    script = ScriptDraft(path=f"{where}/report", language="bash", content="echo 1\n", summary="It's: one")
    engine.scripts.register(script)
    flow.step(script.path)
    flow.code("bun", "export function main() {\n\treturn 1\n}\n", "ts").summary("Some TypeScript")
    engine.flows.register(flow)
    status = f"{engine.client.workspace}/flows/deployment_status/p/{flow.path}"
    eventually(lambda: engine.client.get(status)["lock_error_logs"] is None)
    sync.pull(sync.plan_pull(engine.client, tmp_path, where), tmp_path)
    files = [file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.as_posix() for file in files if file.suffix != ".lock"} == {
        f"{where}/report.sh",
        f"{where}/report.script.yaml",
        f"{where}/daily.flow/flow.yaml",
        f"{where}/daily.flow/load.inline_script.py",
        f"{where}/daily.flow/total.inline_script.py",
        f"{where}/daily.flow/some_typescript.inline_script.ts",
    }
    assert sync.plan_push(engine.client, tmp_path, where) == []
    code = tmp_path / where / "daily.flow/total.inline_script.py"
    code.rename(code.with_name("mine.py"))
    if (lock := code.with_suffix(".lock")).exists():
        lock.rename(lock.with_name("mine.lock"))
    document = tmp_path / where / "daily.flow/flow.yaml"
    document.write_text(document.read_text().replace("total.inline_script.", "mine."))
    assert sync.plan_push(engine.client, tmp_path, where) == []
    (tmp_path / where / "report.sh").write_text("echo 2\n")
    plan = sync.plan_push(engine.client, tmp_path, where)
    assert [str(change) for change in plan] == [f"~ script {where}/report"]
    told: list[str] = []
    sync.push(plan, engine, told=told.append)
    assert told == [f"{where}/report v1 → v2 (+1 −1)"]
    assert sync.plan_push(engine.client, tmp_path, where) == []
    assert sync.plan_pull(engine.client, tmp_path, where, delete=True) == []


def test_the_command_line(
    engine: Engine,
    flow: Flow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`flexwm pull` and `flexwm push` show what will change, and change it when they are told to."""
    flow.path = f"f/sync_{next(_numbers)}/daily"
    engine.flows.register(flow)
    monkeypatch.setenv("WM_TOKEN", engine.client.endpoint.token or "")
    where = [flow.path, "--dir", str(tmp_path), "--engine", engine.client.endpoint.url, "--workspace", WORKSPACE]
    assert main(["pull", *where, "--dry-run"]) == 0
    assert f"+ {flow.path}.flow/flow.yaml" in capsys.readouterr().out
    assert main(["pull", *where]) == 1
    assert "wait for a yes" in capsys.readouterr().err
    assert main(["pull", *where, "--yes"]) == 0
    assert main(["push", *where, "--yes"]) == 0
    assert "nothing to change" in capsys.readouterr().out
    code = tmp_path / f"{flow.path}.flow/total.inline_script.py"
    code.write_text(code.read_text() + "# more\n")
    assert main(["push", *where, "--yes", "--message", "by hand"]) == 0
    assert f"{flow.path} v1 → v2 (+1 −0) · 2 steps" in capsys.readouterr().out
    assert len(engine.flows.history(flow.path)) == 2


def test_code_that_is_missing(engine: Engine, flow: Flow, tmp_path: Path) -> None:
    """A flow whose file was lost is not pushed."""
    flow.path = f"f/sync_{next(_numbers)}/lost"
    engine.flows.register(flow)
    sync.pull(sync.plan_pull(engine.client, tmp_path, flow.path), tmp_path)
    (tmp_path / f"{flow.path}.flow/load.inline_script.py").unlink()
    with pytest.raises(InvalidFlow, match="The code of step load is missing"):
        sync.plan_push(engine.client, tmp_path)


@pytest.mark.differs("packages of python3 scripts")
def test_a_notebook_as_a_flow(engine: Engine) -> None:
    """Its values travel as JSON, frames as parquet, others pickled; the result is the notebook's."""
    pandas = pytest.importorskip("pandas")
    cells = [
        "import pandas as pd\nclass Row:\n    def __init__(self, n):\n        self.n = n",
        "frame = pd.DataFrame({'a': [1, 2], 'b': ['x', None]})\nt = (1, 2)\nrow = Row(3)",
        "frame['c'] = frame.a * t[1]\nrow.n += 1",
        "[frame.c.tolist(), row.n, t[0]]",
    ]
    book = {"cells": [{"cell_type": "code", "metadata": {}, "source": source} for source in cells]}
    flow = notebooks.to_flow(book, f"f/flows/notebook_{next(_numbers)}").flow
    engine.flows.register(flow)
    result = engine.run(str(flow.path)).result(60)
    assert result == {"result": [[2, 4], 4, 1]}
    assert pandas.__name__ == "pandas"


def test_a_programs_arguments_are_the_flows_own(engine: Engine) -> None:
    """A preprocessor is for requests of others: what is given here is not made over."""
    code = "def preprocessor(event):\n    return {'n': -1}\n"
    value = {"type": "rawscript", "language": "python3", "lock": "", "content": code, "input_transforms": {}}
    path = f"f/services/preprocessed_{next(_numbers)}"
    modules = [{"id": "a", "value": {"type": "identity"}}]
    document = {"value": {"modules": modules, "preprocessor_module": {"id": "preprocessor", "value": value}}}
    engine.flows.register(Flow.read(document, path))
    assert engine.flows.run(path, n=4) == {"n": 4}
