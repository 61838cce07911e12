"""The server's settings, from its command line and environment."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import get_args

import platformdirs

from flexwm_nb.errors import InvalidConfig
from flexwm_nb.server.isolation.policy import Isolation, Wish

IDLE_TIMEOUT = 900.0  # seconds without a client or a job
WORKERS = 10  # jobs at once
DRAIN = 10.0  # seconds that running jobs get when the server is told to stop
MEGABYTE = 1_000_000  # bytes
FILES_LIMIT = 10_000  # MB that the files of jobs and clients may take together
PORTS = range(65536)
HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[0-9]{1,5})?")
AUTO = Wish(isolation="auto")
FULL, NONE = "full", "none"  # of the network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this server runs."""

    store: Path  # directory
    port: int = 0  # of the loopback listener; 0 = any free one
    token: str
    workspace: str = "demo"
    workers: int = WORKERS  # jobs at once
    cache: Path  # directory of what jobs need and can share
    idle_timeout: float | None = None  # seconds; None = stay
    drain: float = DRAIN  # seconds
    wish: Wish = AUTO  # how jobs are to be isolated
    files_limit: int = FILES_LIMIT * MEGABYTE  # bytes
    ready_fd: int | None = None  # gets one byte when the server listens
    python: str = sys.executable

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.store / "store.db"

    @property
    def runtime_file(self) -> Path:
        """Where others find this server."""
        return self.store / "runtime.json"

    @property
    def socket(self) -> Path:
        """The Unix socket, in a private directory with a short name: the system allows about 100 bytes."""
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        name = sha256(str(self.store).encode()).hexdigest()[:16]
        return Path(base) / f"flexwm-{os.getuid()}" / f"{name}.sock"

    @classmethod
    def from_arguments(cls, arguments: list[str] | None = None) -> Settings:
        """Read the command line. Exits with 2 and a message when it is wrong; raises InvalidConfig."""
        options = parser().parse_args(arguments)
        if options.port not in PORTS:
            raise InvalidConfig(f"--port {options.port} is not a port", remedy="Choose one from 0 to 65535")
        if options.workers < 1:
            raise InvalidConfig("--workers must be at least 1")
        return cls(
            store=Path(options.store).expanduser().resolve(),
            port=options.port,
            token=options.token or secrets.token_urlsafe(32),
            workspace=options.workspace,
            cache=Path(options.cache).expanduser().resolve(),
            workers=options.workers,
            idle_timeout=options.idle_timeout or None,
            drain=options.drain,
            wish=Wish(
                isolation=options.isolation,
                network=hosts_of(options.network),
                paths=tuple(Path(path).expanduser().resolve() for path in options.job_path),
            ),
            files_limit=int(options.files_limit * MEGABYTE),
            ready_fd=options.ready_fd,
        )


def hosts_of(network: str) -> tuple[str, ...] | None:
    """The hosts that jobs may reach; None = every one. Raises InvalidConfig."""
    if network in (FULL, NONE):
        return None if network == FULL else ()
    hosts = tuple(host.strip().lower() for host in network.split(",") if host.strip())
    wrong = [host for host in hosts if not HOST.fullmatch(host)]
    if wrong or not hosts:
        remedy = "Name hosts, such as pypi.org or *.example.com:8443; or say full or none"
        raise InvalidConfig(f"--network {network} is not understood", remedy=remedy)
    return hosts


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m flexwm_nb.server", description="Run the local engine.")
    made.add_argument("--store", required=True, metavar="DIR", help="directory of the store")
    made.add_argument("--port", type=int, default=0, help="loopback TCP port (default: any free one)")
    made.add_argument(
        "--token",
        default=os.environ.get("FLEXWM_SERVER_TOKEN"),
        help="the administrator's token (default: FLEXWM_SERVER_TOKEN, else a new one, in the runtime file)",
    )
    made.add_argument("--workspace", default="demo", help="workspace to make if missing (default: demo)")
    made.add_argument("--workers", type=int, default=WORKERS, help=f"jobs at once (default: {WORKERS})")
    made.add_argument(
        "--cache",
        default=os.environ.get("FLEXWM_CACHE") or platformdirs.user_cache_dir("flexwm_nb"),
        metavar="DIR",
        help="directory of what scripts need and share, such as packages (default: FLEXWM_CACHE, else the user's)",
    )
    made.add_argument("--idle-timeout", type=float, default=0.0, metavar="S", help="leave after S idle seconds")
    made.add_argument("--drain", type=float, default=DRAIN, metavar="S", help="seconds for running jobs at a stop")
    made.add_argument(
        "--files-limit",
        type=float,
        default=FILES_LIMIT,
        metavar="MB",
        help=f"what uploaded files may take together (default: {FILES_LIMIT})",
    )
    made.add_argument(
        "--isolation",
        default=os.environ.get("FLEXWM_ISOLATION") or "auto",
        choices=get_args(Isolation),
        help="how jobs are kept from the rest (default: FLEXWM_ISOLATION, else auto, the best that is there); "
        "required: they see only what they need, and none runs where that cannot be had",
    )
    made.add_argument(
        "--network",
        default=os.environ.get("FLEXWM_NETWORK") or FULL,
        metavar="N",
        help="what jobs may reach (default: FLEXWM_NETWORK, else full): full, none, or hosts with commas between them",
    )
    made.add_argument(
        "--job-path",
        action="append",
        default=[path for path in os.environ.get("FLEXWM_JOB_PATHS", "").split(os.pathsep) if path],
        metavar="PATH",
        help="a folder or file that jobs may read and write, whatever is hidden; may be repeated",
    )
    made.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    return made
