"""What the Windmill program is told, and the Python that it is lent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flexwm_nb.backends.managed import interpreter
from flexwm_nb.backends.managed.windmill import environment, runtimes

DATABASE = "postgres://ada:pa55word@db/data"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a program that is started from a notebook with secrets."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pa55word")
    monkeypatch.delenv("PYTHON_PATH", raising=False)
    monkeypatch.delenv("WORKER_TAGS", raising=False)
    return environment(port=8123, database=DATABASE, workers=3, folder=tmp_path)


def test_a_program_is_told_where_it_is(told: dict[str, str]) -> None:
    """One process that serves and works, on the loopback, with the native languages too."""
    assert (told["MODE"], told["SERVER_BIND_ADDR"], told["NUM_WORKERS"]) == ("standalone", "127.0.0.1", "3")
    assert told["BASE_INTERNAL_URL"] == "http://127.0.0.1:8123"
    assert {"python3", "dependency", "flow", "postgresql", "nativets"} <= set(told["WORKER_TAGS"].split(","))


def test_secrets_of_the_notebook_stay_there(told: dict[str, str]) -> None:
    """The database's password is told, as the program's own."""
    assert [name for name, value in told.items() if "pa55word" in value] == ["DATABASE_URL"]


def test_tags_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Windmill's own variable."""
    monkeypatch.setenv("WORKER_TAGS", "python3,mine")
    assert environment(port=1, database=DATABASE, workers=1, folder=tmp_path)["WORKER_TAGS"] == "python3,mine"


@pytest.mark.parametrize(
    ("mirror", "downloads", "told"),
    [(None, True, None), (None, False, "file:///nowhere"), ("https://m.example", False, "https://m.example")],
    ids=["online", "offline", "mirror"],
)
def test_nothing_is_fetched_where_nothing_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str | None, downloads: bool, told: str | None
) -> None:
    """Ten workers that wait for a name each would keep everybody waiting."""
    monkeypatch.delenv("UV_PYTHON_INSTALL_MIRROR", raising=False)
    if mirror:
        monkeypatch.setenv("UV_PYTHON_INSTALL_MIRROR", mirror)
    found = environment(port=1, database=DATABASE, workers=1, folder=tmp_path, downloads=downloads)
    assert found.get("UV_PYTHON_INSTALL_MIRROR") == told


def test_runtimes_are_found_beside_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As given, else on the path, else where wheels put them."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = runtimes({"GO_PATH": "/opt/go"})
    assert found["GO_PATH"] == "/opt/go"
    assert all(Path(found[name]).is_file() for name in ("UV_PATH", "DENO_PATH", "BUN_PATH"))


def test_this_python_is_lent(tmp_path: Path) -> None:
    """Under the name that uv gives it, without its packages; or it is named where its files are mixed with others'."""
    interpreter.lend(tmp_path)
    program = interpreter.lent(tmp_path)
    told = environment(port=1, database=DATABASE, workers=1, folder=tmp_path)
    assert told["PYTHON_PATH"] == str(program or sys.executable)
    assert told.get("INSTANCE_PYTHON_VERSION") == (program and interpreter.VERSION)
    if program is None:
        return
    made = program.parents[1]
    assert made.parent == tmp_path / "cache" / "py_runtime" and made.name.startswith(f"cpython-{interpreter.VERSION}.")
    source = "import sys, sysconfig; print(sys.prefix); print(sysconfig.get_paths()['purelib'])"
    ran = subprocess.run([program, "-I", "-c", source], capture_output=True, text=True)
    prefix, packages = ran.stdout.split()
    assert Path(prefix) == made and not Path(packages).exists()
