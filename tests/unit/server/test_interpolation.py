"""References in arguments, on a real store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flexwm_nb.server.jobs.interpolation import interpolate
from flexwm_nb.server.secrets import Secrets
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.failures import Failure

VARIABLES = {"u/a/plain": ("text", False), "u/a/secret": ("hush", True), "u/a/json": ('{"n": [1]}', False)}
RESOURCES: dict[str, Any] = {
    "u/a/flat": {"host": "h", "key": "$var:u/a/secret", "list": ["$var:u/a/plain"]},
    "u/a/nested": {"inner": "$res:u/a/flat", "more": {"deep": "$jsonvar:u/a/json"}},
    "u/a/circle": {"again": "$res:u/a/circle"},
    "u/a/broken": "$var:u/a/absent",
    "u/a/null": None,
}
FLAT = {"host": "h", "key": "hush", "list": ["text"]}


def put_in(store: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their references put in."""

    async def run() -> dict[str, Any]:
        database, secrets = Database(store / "store.db"), Secrets(store)
        parts: Any = SimpleNamespace(database=database, secrets=secrets)
        more: dict[str, Any] = {"workspace": "w", "description": "", "is_oauth": 0, "now": 0, "username": "a"}

        def fill(transaction: Any) -> None:
            for path, (value, secret) in VARIABLES.items():
                stored = secrets.encrypt(value) if secret else value
                transaction.run("variables_insert", path=path, value=stored, is_secret=secret, **more)
            for path, value in RESOURCES.items():
                transaction.run("resources_insert", path=path, value=json.dumps(value), resource_type="any", **more)

        try:
            await database.write(fill)
            return await interpolate(parts, "w", arguments, contextual={"WM_WORKSPACE": "w"})
        finally:
            database.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("$var:u/a/plain", "text", id="variable"),
        pytest.param("$var:u/a/secret", "hush", id="secret"),
        pytest.param("$jsonvar:u/a/json", {"n": [1]}, id="JSON variable"),
        pytest.param("$res:u/a/flat", FLAT, id="resource"),
        pytest.param(
            "$res:u/a/nested",
            {"inner": {**FLAT, "list": ["$var:u/a/plain"]}, "more": {"deep": {"n": [1]}}},
            id="resource in resource, whose arrays count from the outer one",
        ),
        pytest.param("$res:u/a/null", None, id="empty resource"),
        pytest.param(" $var:u/a/plain", " $var:u/a/plain", id="not at the start"),
        pytest.param("$WM_WORKSPACE", "$WM_WORKSPACE", id="contextual alone stays"),
        pytest.param(["$var:u/a/plain", "$WM_WORKSPACE", "$X"], ["text", "w", "$X"], id="contextual beside a marker"),
        pytest.param({"a": {"b": ["$var:u/a/plain"]}}, {"a": {"b": ["text"]}}, id="array at the deepest level"),
        pytest.param(
            {"a": {"b": {"c": ["$var:u/a/plain"]}}}, {"a": {"b": {"c": ["$var:u/a/plain"]}}}, id="array too deep"
        ),
        pytest.param({"a": {"b": {"c": "$res:u/a/flat"}}}, {"a": {"b": {"c": FLAT}}}, id="resource's own arrays"),
        pytest.param(["$var:u/a/plain"] * 1_001, ["$var:u/a/plain"] * 1_001, id="array too long"),
        pytest.param({"$var:u/a/plain": 1.5}, {"$var:u/a/plain": 1.5}, id="keys stay"),
    ],
)
def test_references_are_put_in(tmp_path: Path, value: Any, found: Any) -> None:
    """A value's references are replaced, and nothing else."""
    assert put_in(tmp_path, {"x": value}) == {"x": found}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("$var:u/a/absent", "Not found: Variable u/a/absent not found for `x`: ", id="variable"),
        pytest.param({"y": "$res:u/a/absent"}, "Not found: Resource u/a/absent not found for `y`: ", id="resource"),
        pytest.param("$res:u/a/broken", "Variable u/a/absent not found", id="inside a resource"),
        pytest.param("$res:nowhere", "Internal: Argument `x` is an invalid resource path: nowhere", id="no path"),
        pytest.param("$jsonvar:u/a/plain", "Internal: Failed to parse $jsonvar value as JSON", id="no JSON"),
        pytest.param("$res:u/a/circle", "circular `$res:`", id="circle"),
        pytest.param("$encrypted:abc", "Failed to decrypt", id="encrypted"),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, value: Any, text: str) -> None:
    """A broken reference names the argument and what is missing."""
    with pytest.raises(Failure) as failure:
        put_in(tmp_path, {"x": value})
    assert text in failure.value.text
