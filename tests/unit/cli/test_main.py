"""The command line: what it says, and its exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flexwm_nb.cli import main as cli
from flexwm_nb.engine import Engine
from flexwm_nb.testing import local_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A local engine of this module."""
    with local_engine(tmp_path_factory.mktemp("cli")) as started:
        yield started


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """A command's exit status and what it says."""
    status = cli.main(words)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, "flexwm 0.1.0\n")


@pytest.mark.parametrize("words", [[], ["statsu"], ["status", "--colour"], ["stop", "now"]], ids=str)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and what there is."""
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    assert "usage: flexwm" in capsys.readouterr().err


def test_no_engine_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 3; asking starts none."""
    assert run(capsys, "status", "--store", str(tmp_path)) == (3, f"no engine runs in {tmp_path}\n", "")
    assert run(capsys, "stop", "--store", str(tmp_path)) == (0, f"no engine runs in {tmp_path}\n", "")
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_an_engine(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Which, what it does, and where its log is."""
    status, said, _ = run(capsys, "status", "--store", str(engine.config.store))
    assert status == 0
    assert "local engine 0.1.0" in said
    assert "jobs: 0 running, 0 waiting" in said
    assert "server.log" in said


def test_the_doctor(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a check."""
    status, said, _ = run(capsys, "doctor", "--store", str(engine.config.store))
    assert status == 0
    names = [line[6:20].strip() for line in said.splitlines()]
    assert names[:5] == ["configuration", "engine", "token", "database", "workers"]
    assert "FAIL" not in said


def test_the_doctor_of_an_engine_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, the check that fails, and what to do."""
    status, said, _ = run(capsys, "doctor", "--engine", "http://127.0.0.1:9")
    assert status == 1
    assert "FAIL  engine" in said
    assert "→ " in said


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """On the error stream, without a traceback."""
    status, said, error = run(capsys, "status", "--engine", "managd")
    assert (status, said) == (1, "")
    assert error.startswith("flexwm: 'managd' is not an engine")
    assert error.count("\n") == 1


def test_serve_is_the_server_in_the_foreground(tmp_path: Path) -> None:
    """It takes the server's options; an interrupt ends it in order."""
    read, write = os.pipe()
    command = [sys.executable, "-m", "flexwm_nb", "serve", "--store", str(tmp_path), "--ready-fd", str(write)]
    process = subprocess.Popen(command, pass_fds=[write])
    os.close(write)
    with os.fdopen(read, "rb") as ready:
        assert ready.read(1) == b"1"
    assert cli.main(["status", "--store", str(tmp_path)]) == 0
    process.send_signal(2)
    assert process.wait(30) == 0


def test_serve_says_what_is_wrong(engine: Engine) -> None:
    """Status 3 and one line when another server has the store."""
    command = [sys.executable, "-m", "flexwm_nb", "serve", "--store", str(engine.config.store)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("flexwm: Another server owns the store")
    assert "Traceback" not in done.stderr


def test_serve_takes_the_configured_store(tmp_path: Path) -> None:
    """Where none is named."""
    (tmp_path / "store").write_text("a file")
    environment = {**os.environ, "FLEXWM_STORE": str(tmp_path / "store")}
    command = [sys.executable, "-m", "flexwm_nb", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 4
    assert str(tmp_path / "store") in done.stderr


def test_no_managed_engine_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asking starts none, and stopping none is no mistake."""
    monkeypatch.setenv("FLEXWM_MANAGED_FOLDER", str(tmp_path))
    assert run(capsys, "status", "--engine", "managed") == (3, f"no engine runs in {tmp_path}\n", "")
    assert run(capsys, "stop", "--engine", "managed") == (0, f"no engine runs in {tmp_path}\n", "")


def test_a_build_without_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says where one goes."""
    monkeypatch.setenv("FLEXWM_MANAGED_FOLDER", str(tmp_path))
    status, said, error = run(capsys, "build", "--source", str(tmp_path))
    assert (status, said, error.count("\n")) == (1, "", 1)
    assert f"There is no source in {tmp_path}" in error and "third_party/windmill" in error
