"""Test data of the managed engine: programs that stand for Windmill's, and folders that a database can live in."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[4]
PASSABLE = 0o711  # for the user that runs the database where the tests are run by root

# The local engine in Windmill's clothes: told by the same environment, with the password that every new one has.
WINDMILL = """
import os, subprocess, sys, urllib.request
if sys.argv[1:] == ["--version"]:
    sys.exit(print("Windmill v1.743.0"))
if os.environ.get("DATABASE_URL", "").count("postgres") == 0:
    sys.exit("error: there is no database")
store = os.environ["WINDMILL_DIR"] + "/store"
server = [sys.executable, "-m", "flexwm_nb.server", "--store", store, "--token", "first", "--workspace", "admins"]
if not os.path.exists(store):
    read, write = os.pipe()
    first = subprocess.Popen([*server, "--port", "0", "--ready-fd", str(write)], pass_fds=[write])
    assert os.read(read, 1) == b"1"
    import json
    url = json.load(open(store + "/runtime.json"))["url"] + "/api/users/setpassword"
    headers = {"Authorization": "Bearer first", "Content-Type": "application/json"}
    body = json.dumps({"password": "changeme"}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()
    first.terminate()
    first.wait()
os.execv(sys.executable, [*server, "--port", os.environ["PORT"], "--workers", os.environ["NUM_WORKERS"]])
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that a managed engine can run."""
    return write(tmp_path_factory.mktemp("program") / "windmill", WINDMILL)


@pytest.fixture
def says(tmp_path: Path) -> Callable[[str], Path]:
    """Make a program of a few lines of Python."""
    return lambda source: write(tmp_path / "windmill", source)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short name that others may pass through."""
    made = Path(tempfile.mkdtemp(prefix="flexwm"))
    made.chmod(PASSABLE)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def write(path: Path, source: str) -> Path:
    """A program in Python that finds this repository's package."""
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPOSITORY)!r})\n"
        f"import os\nos.environ['PYTHONPATH'] = {str(REPOSITORY)!r}\n{source}"
    )
    path.chmod(0o700)
    return path
