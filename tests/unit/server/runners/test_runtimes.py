"""The programs that run languages: found, named with their versions, and told what to install."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from flexwm_nb.engine import Engine
from flexwm_nb.server.environments.cache import Cache
from flexwm_nb.server.runners import runtimes
from flexwm_nb.server.runners.base import RunnerError, RunRequest
from flexwm_nb.server.runners.php import Php
from flexwm_nb.server.runners.registry import elsewhere
from flexwm_nb.server.runners.runtimes import Driver, Runtime


@pytest.mark.parametrize("runtime", [runtimes.BUN, runtimes.DENO, runtimes.GO], ids=lambda runtime: runtime.name)
def test_wheels_bring_runtimes(runtime: Runtime) -> None:
    """They are programs themselves, no scripts that start one."""
    path = runtime.find()
    assert path is not None
    assert Path(path).read_bytes()[:2] != b"#!"
    assert re.fullmatch(r"[\d.]+", runtimes.ask_version(path, runtime.version) or "")


def test_a_runtime_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no wheel brings it; one that cannot tell its version has none."""
    program = tmp_path / "rare"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    rare = Runtime(name="rare", languages=("rare",), remedy="Install it")
    assert rare.find() == str(program)
    assert runtimes.ask_version(str(program), rare.version) is None


def test_a_missing_runtime_says_what_to_install() -> None:
    """One thing."""
    missing = Runtime(name="nothing-such", languages=("x",), remedy='pip install "flexwm-nb[x]"')
    with pytest.raises(RunnerError, match=r'x needs nothing-such, which is not on this machine. pip install "flexwm'):
        runtimes.located(missing, "x")


@pytest.mark.parametrize(
    ("programs", "part"),
    [((), "php needs php, which is not on this machine. Install it: apt install php-cli"),
     (("php",), "A script with `// require:` needs composer, which is not on this machine. Install it")],
    ids=["php", "composer"],
)  # fmt: skip
def test_php_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], part: str
) -> None:
    """PHP itself, or composer where a script asks for packages."""
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    content = "<?php\n// require:\n// monolog/monolog@3.6.0\nfunction main() {}\n"
    request = RunRequest(job_id="0", language="php", content=content, path=None, arguments="{}", environment={})
    with pytest.raises(RunnerError, match=re.escape(part)):
        Php(Cache(tmp_path / "cache")).settle(request)


def test_a_missing_driver_says_what_to_install() -> None:
    """The packages for all databases."""
    missing = Driver(name="nosuchdb", languages=("nosql",), module="nosuchdb.connector")
    with pytest.raises(RunnerError, match=r'nosql needs nosuchdb, .* pip install "flexwm-nb\[databases\]"'):
        runtimes.located(missing, "nosql")


@pytest.mark.parametrize(("language", "edition"), [("rust", "A Windmill runs it"), ("mssql", "enterprise edition")])
def test_a_language_that_is_not_here_says_where_it_is(language: str, edition: str) -> None:
    """And how to get there."""
    text = elsewhere(language, {"go", "bash"})
    assert text.startswith(f"{language} is not on this engine, which runs bash, go. ")
    assert edition in text
    assert text.endswith("%windmill_connect URL")


def test_the_engine_lists_its_runtimes(http: httpx.Client, engine: Engine) -> None:
    """For people too, in one line of the health checks."""
    found = {one["name"]: one for one in http.get("/flexwm/runtimes").json()}
    assert found["deno"]["path"] and found["deno"]["version"] and found["deno"]["languages"] == ["deno"]
    assert found["duckdb"]["path"] and found["duckdb"]["version"]
    message = next(check.message for check in engine.health.check() if check.name == "runtimes")
    assert f"deno {found['deno']['version']} ({found['deno']['path']})" in message
