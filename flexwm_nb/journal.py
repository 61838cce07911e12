"""What notebooks started, so that a run is found again after its kernel restarted.

JSON lines in the user's state directory, readable by the user alone. It is a memory aid: when it cannot be written or
read, nothing else fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import platformdirs

APPLICATION = "flexwm_nb"
NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"  # set by Jupyter's server: the notebook's path
DIRECTORY_VARIABLE = "FLEXWM_STATE"
LARGEST = 1_000_000  # bytes after which the older half is dropped
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run that a notebook started."""

    job_id: str
    subject: str  # the script
    engine: str  # its address, or local
    workspace: str
    notebook: str = ""
    cell: str = ""  # the cell's id, where the front end has one
    started: float = 0.0  # seconds since 1970


def path() -> Path:
    """The file."""
    named = os.environ.get(DIRECTORY_VARIABLE)
    directory = Path(named) if named else Path(platformdirs.user_state_dir(APPLICATION))
    return directory / "runs.jsonl"


def notebook() -> str:
    """The notebook of this kernel, empty where there is none."""
    return os.environ.get(NOTEBOOK_VARIABLE, "")


def note(record: Record) -> None:
    """Add a run."""
    line = json.dumps({**asdict(record), "started": record.started or time.time()}, ensure_ascii=False) + "\n"
    with contextlib.suppress(OSError):
        path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
        try:
            os.write(descriptor, line.encode())  # one write, so that kernels do not mix their lines
            full = os.fstat(descriptor).st_size > LARGEST
        finally:
            os.close(descriptor)
        if full:
            _halve()


def read(notebook: str | None = None) -> list[Record]:
    """The runs, oldest first; of one notebook only where it is named."""
    try:
        text = path().read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [record for record in _records(text) if notebook is None or record.notebook == notebook]


def _records(text: str) -> Iterator[Record]:
    known = {item.name for item in fields(Record)}
    for line in text.split("\n"):
        with contextlib.suppress(ValueError, TypeError, AttributeError):  # a line that a crash cut
            found = json.loads(line)
            yield Record(**{name: value for name, value in found.items() if name in known})


def _halve() -> None:
    lines = path().read_bytes().splitlines(keepends=True)
    fresh = path().with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(lines[len(lines) // 2 :])
    fresh.replace(path())
