"""Who imports a script of the workspace: other scripts, and steps of flows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.languages import PATIENCE, W, deployed


@pytest.fixture(scope="module")
def start(server: Any) -> str:
    """How the paths of scripts begin that import each other, and of a flow that does."""
    begin = f"f/importers/s{uuid4().hex[:8]}"
    module = begin.replace("/", ".")
    code = f"from {module} import X\n\ndef main():\n    return X\n"
    name = begin.rpartition("/")[2]
    with server.http() as http:
        deployed(http, begin, "python3", "X = 1\n\ndef main():\n    return 1\n")
        deployed(http, f"{begin}_two", "python3", code)
        deployed(http, f"{begin}_three", "python3", code.replace(f"{name} ", f"{name}_two "))
        deployed(http, f"{begin}_ts", "bun", "export const x = 1\nexport function main() { return x }\n")
        script = f'import {{ x }} from "./{name}_ts.ts"\nexport function main() {{ return x }}\n'
        deployed(http, f"{begin}_ts_two", "bun", script)
        step = {"type": "rawscript", "language": "python3", "content": code, "input_transforms": {}}
        other = {**step, "content": f"{code}\n"}
        modules = [{"id": name, "value": value} for name, value in (("a", step), ("b", other))]
        body = {"path": f"{begin}_flow", "summary": "", "schema": {}, "value": {"modules": modules}}
        assert http.post(f"{W}/flows/create", json=body).status_code == 201
    return begin


def wait_for(ask: Callable[[], Any], wanted: Any) -> None:
    """Windmill knows it when it has found the locks."""
    end = time.monotonic() + PATIENCE
    while (found := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert found == wanted


def test_dependents_are_told_with_their_steps(http: httpx.Client, start: str) -> None:
    """Those that import it themselves, whichever of its languages they are in."""
    ask = f"{W}/workspaces/get_dependents/{start}"
    flow = {"importer_path": f"{start}_flow", "importer_kind": "flow", "importer_node_ids": ["a", "b"]}
    two = {"importer_path": f"{start}_two", "importer_kind": "script", "importer_node_ids": [""]}
    wait_for(lambda: http.get(ask).json(), [flow, two])
    script = {"importer_path": f"{start}_ts_two", "importer_kind": "script", "importer_node_ids": [""]}
    wait_for(lambda: http.get(f"{ask}_ts").json(), [script])
    paths = f"{W}/scripts/list_paths_from_workspace_runnable/{start}"
    wait_for(lambda: sorted(http.get(paths).json()), [f"{start}_flow", f"{start}_flow", f"{start}_two"])


def test_imports_are_told(http: httpx.Client, start: str) -> None:
    """Of a script or a flow, and how often something is imported."""
    for importer, imported in (("_three", [f"{start}_two"]), ("_flow", [start]), ("_ts_two", [f"{start}_ts"])):
        ask = f"{W}/workspaces/get_imports/{start}{importer}"
        wait_for(lambda ask=ask: http.get(ask).json(), imported)
    body = [start, f"{start}_ts", "f/importers/nothing"]
    counts = [{"imported_path": start, "count": 2}, {"imported_path": f"{start}_ts", "count": 1}]
    wait_for(lambda: http.post(f"{W}/workspaces/get_dependents_amounts", json=body).json(), counts)


def test_what_nobody_imports(http: httpx.Client) -> None:
    """Has no dependents; what is not there imports nothing."""
    for name in ("get_dependents", "get_imports"):
        assert http.get(f"{W}/workspaces/{name}/f/importers/nothing").json() == []
    assert http.post(f"{W}/workspaces/get_dependents_amounts", json=[1]).status_code == 422
