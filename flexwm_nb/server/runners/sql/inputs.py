"""Arguments that are files of the engine: `(s3object)` parameters of postgresql and mysql get their content as JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Folder
from flexwm_nb.server.runners.sql.engine import Engine

KIND = "s3object"


def key_of(value: Any, name: str) -> tuple[str, str | None]:
    """A file argument's key and storage. Raises RunnerError."""
    if value is None:
        raise RunnerError(f"Bad request: Missing S3Object value for arg `{name}`")
    if not isinstance(value, dict) or not isinstance(value.get("s3"), str):
        raise RunnerError(f'Invalid S3Object for arg `{name}`: it must be {{"s3": KEY}}')
    return value["s3"], value.get("storage")


def content(engine: Engine, value: Any, name: str, folder: Folder) -> Any:
    """What a file holds: a parquet or CSV file's rows as objects, else its JSON. Raises RunnerError."""
    key, storage = key_of(value, name)
    path = folder / "argument"
    try:
        engine.download(key, path, storage)
    except RunnerError as error:
        raise RunnerError(f"Failed to fetch S3 object for arg `{name}`: {error}") from None
    try:
        return read(path, key.lower())
    except (ValueError, OSError) as error:
        raise RunnerError(f"S3 object for arg `{name}` is not valid JSON after decoding: {error}") from None
    finally:
        path.unlink()


def read(path: Path, key: str) -> Any:
    """A file by the ending of its key. Raises ValueError."""
    if key.endswith(".parquet"):
        from pyarrow import parquet

        return json.loads(json.dumps(parquet.read_table(path).to_pylist(), default=str))
    text = path.read_text("utf-8")
    if key.endswith(".csv"):
        return [dict(row) for row in csv.DictReader(text.splitlines())]
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
