"""Locks of python3 scripts: found by a job after the registration, with the versions that the kernel has."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import httpx
import pytest

from flexwm_nb.handshake import INTERPRETER_HEADER
from tests.conftest import running_server
from tests.wheels import make_wheels

W = "/w/demo/scripts"
KERNEL = {INTERPRETER_HEADER: sys.executable}
PYTHON = "# py: {}.{}".format(*sys.version_info)
ONE = "import tiny_one\ndef main():\n    return tiny_one.__version__\n"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An engine that takes packages from a folder."""
    folder = tmp_path_factory.mktemp("locks")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in make_wheels(folder / "wheels").items():
            patch.setenv(name, value)
        with running_server(folder / "store") as server, server.http() as client:
            yield client


def register(http: httpx.Client, name: str, content: str, **more: Any) -> str:
    """Create a script; its hash."""
    body = {"path": f"u/admin/{name}", "summary": "", "content": content, "language": "python3", **more}
    answer = http.post(f"{W}/create", json=body, headers=KERNEL)
    assert answer.status_code == 201, answer.text
    return answer.text


def deployed(http: httpx.Client, hashed: str) -> dict[str, Any]:
    """The state of a script whose lock was found, or not."""
    while True:
        found: dict[str, Any] = http.get(f"{W}/deployment_status/h/{hashed}").json()
        if found["lock"] is not None or found["lock_error_logs"] is not None:
            return found
        time.sleep(0.02)


def ended(http: httpx.Client, job: str) -> Any:
    """A job's result."""
    while not (found := http.get(f"/w/demo/jobs_u/completed/get_result_maybe/{job}").json())["completed"]:
        time.sleep(0.02)
    return found["result"]


def run(http: httpx.Client, name: str) -> Any:
    """What the script returns."""
    return http.post(f"/w/demo/jobs/run_wait_result/p/u/admin/{name}", json={}).json()


def test_the_kernels_versions_are_pinned(http: httpx.Client) -> None:
    """With all that they need; the job that found them has them as result."""
    state = deployed(http, register(http, "kernel", "import httpx, os\ndef main():\n    return httpx.__version__\n"))
    lines = state["lock"].split("\n")
    assert lines[0] == PYTHON
    assert {f"httpx=={version('httpx')}", f"anyio=={version('anyio')}"} <= set(lines)
    assert run(http, "kernel") == version("httpx")
    job = http.get(f"/w/demo/jobs_u/completed/get/{state['job_id']}").json()
    assert (job["job_kind"], job["tag"], job["success"], job["result"]) == (
        "dependencies", "dependency", True, {"lock": state["lock"], "status": "Successful lock file generation"},
    )  # fmt: skip


def test_what_the_kernel_lacks_is_found(http: httpx.Client) -> None:
    """And pinned beside what it has."""
    source = "import tiny_two\ndef main():\n    import tiny_one\n    return tiny_one.__version__\n"
    state = deployed(http, register(http, "lacks", source))
    assert state["lock"].split("\n") == [PYTHON, "tiny-one==1.0", "tiny-two==1.0"]
    assert run(http, "lacks") == "1.0"


def test_a_plain_script_has_an_empty_lock_at_once(http: httpx.Client) -> None:
    """No job is needed for it."""
    hashed = register(http, "plain", "import os\ndef main(): ...")
    state = http.get(f"{W}/deployment_status/h/{hashed}").json()
    assert state == {"lock": "", "lock_error_logs": None, "job_id": None}


def test_a_given_lock_is_kept(http: httpx.Client) -> None:
    """And is what the script runs with."""
    state = deployed(http, register(http, "given", ONE, lock="tiny-one==1.0"))
    assert (state["lock"], state["job_id"]) == ("tiny-one==1.0", None)
    assert run(http, "given") == "1.0"


def test_a_failure_is_told(http: httpx.Client) -> None:
    """By the state, the list and the job."""
    hashed = register(http, "fails", "import tiny_zero\ndef main(): ...")
    state = deployed(http, hashed)
    assert state["lock"] is None
    assert "tiny-zero (line 1: import tiny_zero)" in state["lock_error_logs"]
    listed = http.get(f"{W}/list?path_exact=u/admin/fails").json()
    assert [found["has_deploy_errors"] for found in listed] == [True]
    assert "tiny-zero" in run(http, "fails")["error"]["message"]


def test_a_lock_is_found_anew(http: httpx.Client) -> None:
    """Where that is asked for; not where the kernel still has what was pinned, or where the lock was given."""
    hashed = register(http, "anew", "import httpx\ndef main(): ...")
    before = deployed(http, hashed)
    again = f"/w/demo/flexwm/lock/h/{hashed}"
    assert http.post(again, params={"outdated": True}, headers=KERNEL).text == ""
    job = http.post(again, headers=KERNEL)
    assert job.status_code == 201
    assert ended(http, job.text)["lock"] == before["lock"]
    assert deployed(http, hashed) == {**before, "job_id": job.text}


def test_a_lock_goes_on_with_its_source(http: httpx.Client) -> None:
    """The next version has it from the start, and it still counts as found here."""
    source = "import httpx\ndef main(): ..."
    first = register(http, "goes", source)
    state = deployed(http, first)
    second = register(http, "goes", source, lock=state["lock"], summary="new", parent_hash=first)
    assert http.get(f"{W}/deployment_status/h/{second}").json() == state


@pytest.mark.parametrize("asynchronous", [False, True])
def test_wmill_gets_locks(http: httpx.Client, asynchronous: bool) -> None:
    """As its generate-metadata asks for them."""
    script = {"raw_code": "import tiny_two", "language": "python3", "path": "u/admin/new"}
    body = {"raw_scripts": [script], "entrypoint": "u/admin/new"}
    found = http.post(f"/w/demo/jobs/run/dependencies{'_async' if asynchronous else ''}", json=body)
    result = ended(http, found.text) if asynchronous else found.json()
    assert result["lock"].split("\n")[1:] == ["tiny-one==1.0", "tiny-two==1.0"]
