"""A python3 script runs with the Python of the kernel that registered it last."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from flexwm_nb.client.client import Client
from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.engine import Engine
from flexwm_nb.handshake import INTERPRETER_HEADER
from flexwm_nb.models.scripts import Registration, ScriptDraft
from flexwm_nb.services.scripts import ScriptService
from tests.conftest import WORKSPACE, Server

CONTENT = "import sys\ndef main():\n    return sys.executable\n"


def register(server: Server, interpreter: str) -> Registration:
    """Register the script as a kernel of that Python does."""
    headers = ((INTERPRETER_HEADER, interpreter),)
    endpoint = Endpoint(kind="local", url=server.url, workspace=WORKSPACE, token=server.token, headers=headers)
    with contextlib.closing(Client(endpoint)) as client:
        return ScriptService(client).register(
            ScriptDraft(path="u/admin/interpreter", language="python3", content=CONTENT)
        )


def test_a_script_follows_the_kernel_that_registers_it(server: Server, engine: Engine, tmp_path: Path) -> None:
    """The same source, registered from another environment, runs there from then on."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    first = register(server, sys.executable)
    assert engine.run("u/admin/interpreter").result() == sys.executable
    again = register(server, str(other))
    assert (again.status, again.hash) == ("unchanged", first.hash)
    assert engine.run("u/admin/interpreter").result() == str(other)


@pytest.mark.parametrize("interpreter", ["python3", "/no/such/python", "/etc"])
def test_what_is_no_python_is_refused(server: Server, interpreter: str) -> None:
    """The header must name an executable by its absolute path."""
    with server.http() as http:
        body = {"path": "u/admin/none", "summary": "", "content": CONTENT, "language": "python3"}
        answer = http.post("/w/demo/scripts/create", json=body, headers={INTERPRETER_HEADER: interpreter})
    assert answer.status_code == 400
    assert "not an executable" in answer.text
