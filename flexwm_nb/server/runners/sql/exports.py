"""Rows as a file of JSON lines, CSV or parquet, written as they come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Batch, Rows

GROUP = 50_000  # rows of a parquet file's group


def write(rows: Rows, path: Path, form: str) -> int:
    """Write the rows, and count them. Raises RunnerError."""
    return WRITERS[form](rows, path)


def write_json(rows: Rows, path: Path) -> int:
    """One JSON object a line."""
    encoder, count = msgspec.json.Encoder(), 0
    with path.open("wb") as file:
        for batch in rows.batches:
            file.write(encoder.encode_lines([dict(zip(rows.columns, row)) for row in batch]))
            count += len(batch)
    return count


def write_csv(rows: Rows, path: Path) -> int:
    """A head and a line a row; what is not there is empty, lists and objects are JSON."""
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows.columns)
        for batch in rows.batches:
            writer.writerows([cell(value) for value in row] for row in batch)
            count += len(batch)
    return count


def cell(value: Any) -> Any:
    """A value in a line of CSV."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, (str, int, float)) else msgspec.json.encode(value).decode()


def write_parquet(rows: Rows, path: Path) -> int:
    """Columns of the types that their values have: whole numbers, numbers, truth values; all others as text."""
    import pyarrow
    from pyarrow import parquet

    groups = grouped(rows.batches)
    first = next(groups, [])
    columns = list(dict.fromkeys(rows.columns))
    kinds = [kind_of(row[place] for row in first) for place in places(rows.columns)]
    names = {int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_(), str: pyarrow.string()}
    schema = pyarrow.schema([(name, names[kind]) for name, kind in zip(columns, kinds)])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        group: Batch | None = first
        while group is not None:
            values = list(zip(*group))
            arrays = [
                array(values[place] if values else (), kind, name, names[kind])
                for place, kind, name in zip(places(rows.columns), kinds, columns)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(group)
            group = next(groups, None)
    return count


def array(values: Sequence[Any], kind: type, column: str, made: Any) -> Any:
    """A column of a parquet file. Raises RunnerError."""
    import pyarrow

    try:
        return pyarrow.array(values, made)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array([cast(value, kind, column) for value in values], made)


def places(columns: Sequence[str]) -> list[int]:
    """Where each name's value stands in a row: of a repeated name the last."""
    return list({name: index for index, name in enumerate(columns)}.values())


def grouped(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches put together to larger ones."""
    group: Batch = []
    for batch in batches:
        group += batch
        if len(group) >= GROUP:
            yield group
            group = []
    if group:
        yield group


def kind_of(values: Iterable[Any]) -> type:
    """The type that all values have, text where they have none in common."""
    kinds = {type(json.loads(bytes(value))) if isinstance(value, msgspec.Raw) else type(value) for value in values}
    kinds.discard(type(None))
    if kinds in ({int}, {bool}):
        return kinds.pop()
    return float if kinds and kinds <= {int, float} else str


def cast(value: Any, kind: type, column: str) -> Any:
    """A value as its column has it. Raises RunnerError where an earlier row made the column another type."""
    if value is None:
        return None
    if isinstance(value, msgspec.Raw):
        value = value if kind is str else json.loads(bytes(value))
    if kind is str:
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if kind is float and type(value) in (int, float):
        return float(value)
    if type(value) is kind:
        return value
    raise RunnerError(
        f"the column {column} has {type(value).__name__} after {kind.__name__} in earlier rows, which parquet does not "
        "take. Cast it in the SQL, or store it with `-- s3 format=json`"
    )


WRITERS: dict[str, Callable[[Rows, Path], int]] = {"json": write_json, "csv": write_csv, "parquet": write_parquet}
