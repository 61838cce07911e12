"""Programs that stand for Windmill's in tests."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

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


def write(path: Path, source: str) -> Path:
    """A program in Python that finds this repository's package."""
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPOSITORY)!r})\n"
        f"import os\nos.environ['PYTHONPATH'] = {str(REPOSITORY)!r}\n{source}"
    )
    path.chmod(0o700)
    return path
