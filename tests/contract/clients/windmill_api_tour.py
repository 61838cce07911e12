"""A program on the published `windmill-api`: every area once; what it got, as JSON on its output.

URL, token, workspace and a folder of its own are its arguments. It runs in a Python of its own, because the package
asks for an older httpx than ours.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from windmill_api import AuthenticatedClient

URL, TOKEN, WORKSPACE, HOME = sys.argv[1:]
CLIENT = AuthenticatedClient(base_url=f"{URL}/api", token=TOKEN, timeout=60)
NOW = {"script_path": f"{HOME}/s", "is_flow": False, "schedule": "0 0 3 * * *", "timezone": "UTC", "args": {}}
TWICE = "def main(x: int):\n    return 2 * x\n"
FLOW_VALUE = {
    "modules": [
        {
            "id": "a",
            "value": {
                "type": "script",
                "path": f"{HOME}/s",
                "input_transforms": {"x": {"type": "javascript", "expr": "flow_input.x"}},
            },
        }
    ]
}
SEEN: dict[str, Any] = {}


class Found(dict[str, Any]):
    """An answer as it came, read as the package's own models are."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def to_dict(self) -> dict[str, Any]:
        """Itself."""
        return self


def call(area: str, name: str, *positional: str, body: dict[str, Any] | None = None, **named: Any) -> Any:
    """One request; what was parsed of the answer, or its text. A refusal ends the tour."""
    module = importlib.import_module(f"windmill_api.api.{area}.{name}")
    if body is not None:
        kind = next(value for key, value in vars(module).items() if key.endswith("JsonBody"))
        named["json_body"] = kind.from_dict(body)
    try:
        answer = module.sync_detailed(WORKSPACE, *positional, client=CLIENT, **named)
    except (KeyError, AttributeError, TypeError):  # it wants what no Windmill gives there
        SEEN.setdefault("not as described", []).append(name)
        request = module._get_kwargs(WORKSPACE, *positional, **named)
        return CLIENT.get_httpx_client().request(**request).json(object_hook=Found)
    if answer.status_code >= 400:
        raise SystemExit(f"{name}: {answer.status_code} {answer.content.decode()}")
    return answer.parsed if answer.parsed is not None else answer.content.decode()


def paths(listed: list[Any]) -> list[str]:
    """Where what is listed stands."""
    return [one.to_dict()["path"] for one in listed]


def result(job: str) -> Any:
    """A job's result, waited for."""
    while not call("job", "get_completed_job_result_maybe", job).completed:
        time.sleep(0.02)
    return call("job", "get_completed_job_result_maybe", job).to_dict()["result"]


def scripts() -> None:
    """Made, read, listed, run."""
    body = {"path": f"{HOME}/s", "summary": "twice", "description": "", "content": TWICE, "language": "python3"}
    body["schema"] = {}
    made = call("script", "create_script", body=body)
    SEEN["script"] = call("script", "get_script_by_path", f"{HOME}/s", with_starred_info=True).summary
    SEEN["same hash"] = call("script", "get_script_by_hash", made, with_starred_info=True).path
    SEEN["scripts"] = paths(call("script", "list_scripts", path_start=HOME))
    SEEN["exists"] = call("script", "exists_script_by_path", f"{HOME}/s")
    while call("script", "get_script_deployment_status", made).to_dict().get("lock") is None:
        time.sleep(0.02)
    SEEN["result"] = result(call("job", "run_script_by_path", f"{HOME}/s", body={"x": 4}))
    SEEN["waited"] = json.loads(call("job", "run_wait_result_script_by_path", f"{HOME}/s", body={"x": 5}))


def flows() -> None:
    """Made, read, listed, run."""
    call("flow", "create_flow", body={"path": f"{HOME}/f", "summary": "one step", "value": FLOW_VALUE, "schema": {}})
    SEEN["flow"] = call("flow", "get_flow_by_path", f"{HOME}/f", with_starred_info=True).to_dict()["summary"]
    SEEN["flows"] = paths(call("flow", "list_flows", path_start=HOME))
    SEEN["flow result"] = result(call("job", "run_flow_by_path", f"{HOME}/f", body={"x": 6}))


def jobs() -> None:
    """Previewed, listed, logged, cancelled."""
    body = {"content": "sleep 60", "language": "bash", "args": {}}
    job = call("job", "run_script_preview", body=body)
    call("job", "cancel_queued_job", job, body={"reason": "enough"})
    result(job)
    SEEN["canceled"] = call("job", "get_job", job).to_dict()["canceled"]
    job = call("job", "run_script_preview", body={**body, "content": "echo hello"})
    SEEN["echo"] = result(job)
    SEEN["log"] = "hello" in call("job", "get_job_logs", job)
    SEEN["jobs"] = len(call("job", "list_jobs", script_path_start=HOME)) >= 3
    SEEN["completed"] = len(call("job", "list_completed_jobs", script_path_start=HOME)) >= 3
    SEEN["queue"] = call("job", "get_queue_count").database_length >= 0


def values() -> None:
    """Variables and resources: made, changed, read, listed, removed."""
    variable = {"path": f"{HOME}/v", "value": "one", "is_secret": True, "description": "d"}
    call("variable", "create_variable", body=variable)
    call("variable", "update_variable", f"{HOME}/v", body={"value": "two"})
    SEEN["variable"] = call("variable", "get_variable", f"{HOME}/v").value
    SEEN["variables"] = paths(call("variable", "list_variable", path_start=HOME))
    resource = {"path": f"{HOME}/r", "value": {"a": f"$var:{HOME}/v"}, "resource_type": "any", "description": ""}
    call("resource", "create_resource", body=resource)
    SEEN["resource"] = call("resource", "get_resource", f"{HOME}/r").resource_type
    SEEN["resources"] = paths(call("resource", "list_resource", path_start=HOME))
    SEEN["interpolated"] = json.loads(call("resource", "get_resource_value_interpolated", f"{HOME}/r"))
    call("resource", "delete_resource", f"{HOME}/r")
    SEEN["gone"] = call("resource", "exists_resource", f"{HOME}/r")


def schedules() -> None:
    """Made, read, switched, listed, removed."""
    call("schedule", "create_schedule", body={**NOW, "path": f"{HOME}/at"})
    SEEN["schedule"] = call("schedule", "get_schedule", f"{HOME}/at").schedule
    call("schedule", "set_schedule_enabled", f"{HOME}/at", body={"enabled": True})
    SEEN["schedules"] = paths(call("schedule", "list_schedules", path_start=HOME))
    call("schedule", "delete_schedule", f"{HOME}/at")
    SEEN["no schedule"] = call("schedule", "exists_schedule", f"{HOME}/at")


for tour in (scripts, flows, jobs, values, schedules):
    tour()
print(json.dumps(SEEN))
