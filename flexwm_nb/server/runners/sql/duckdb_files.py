"""Files of the engine in a job of DuckDB: fetched where an `s3://` address is read, stored where it is written."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Folder
from flexwm_nb.server.runners.sql.engine import Engine

ADDRESS = re.compile(r"'s3://([^'/]*)/([^']*)'")
COPY_TO = re.compile(r"COPY\b.*\bTO\s+'(s3://[^'/]*/[^']*)'", re.IGNORECASE | re.DOTALL)


class JobFiles:
    """The files of one job."""

    def __init__(self, engine: Engine, folder: Folder) -> None:
        """Copies are kept in the folder."""
        self._engine, self._folder = engine, folder
        self._files: dict[str, Path] = {}

    def put_in(self, text: str, target: str | None) -> str:
        """A statement with paths for its addresses; `target` is the one that it writes to. Raises RunnerError."""
        return ADDRESS.sub(lambda match: self._local(match[0][1:-1], target), text)

    def store(self, address: str) -> None:
        """Store what was written for an address. Raises RunnerError."""
        self._engine.upload(key_in(address), self._files.pop(address), storage_in(address))

    def _local(self, address: str, target: str | None) -> str:
        """The path that stands for an `s3://` address: of a new file, or of files that are fetched."""
        key = key_in(address)
        if address == target:
            path = self._files[address] = self._folder / f"made-{len(self._files)}{Path(key).suffix}"
            return quoted(str(path))
        if any(character in key for character in "*?["):
            prefix = re.split(r"[*?\[]", key, maxsplit=1)[0]
            keys = [found for found in self._engine.keys(prefix) if fnmatch.fnmatchcase(found, key)]
            if not keys:
                raise RunnerError(f"Not found: no file of the engine has a key like {key}")
            return quoted(str(self._fetched_together(keys)))
        return quoted(str(self.fetched(address)))

    def _fetched_together(self, keys: list[str]) -> Path:
        """Files of the engine in a folder of their own; the pattern of their paths."""
        together = self._folder / f"files-{len(self._files)}"
        together.mkdir()
        for index, key in enumerate(keys):
            self._engine.download(key, together / f"{index:06d}{Path(key).suffix}")
        self._files[str(together)] = together
        return together / f"*{Path(keys[0]).suffix}"

    def fetched(self, address: str) -> Path:
        """A file of the engine as one of this machine. Raises RunnerError."""
        if address not in self._files:
            key = key_in(address)
            path = self._folder / f"file-{len(self._files)}{Path(key).suffix}"
            self._engine.download(key, path, storage_in(address))
            self._files[address] = path
        return self._files[address]


def key_in(address: str) -> str:
    """The key in an `s3://STORAGE/KEY` address."""
    return address.removeprefix("s3://").partition("/")[2]


def storage_in(address: str) -> str:
    """The storage in it."""
    return address.removeprefix("s3://").partition("/")[0]


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
