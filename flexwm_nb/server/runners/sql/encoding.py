"""A job's result as JSON text, made of rows as they come, up to the limit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.jsonb import Unstorable, rank
from flexwm_nb.server.runners.sql.collection import Collection
from flexwm_nb.server.runners.sql.dialect import Batch, Rows

NUL = b"\\u0000"


class TooLarge(RunnerError):
    """The result passes the limit."""


class Encoder:
    """Writes the statements' rows; `limit` is of bytes, of all of them together."""

    def __init__(self, collection: Collection, limit: int) -> None:
        """Collect so."""
        self._collection, self._left, self._limit = collection, limit, limit
        self._encoder = msgspec.json.Encoder()

    def statement(self, rows: Rows) -> bytes:
        """A statement's rows as the collection wants them. Raises TooLarge and Unstorable."""
        picks = self._picks(rows.columns)
        pieces: list[bytes] = []
        for batch in rows.batches:
            if self._collection.first_row and pieces:
                continue  # read to the end, for the next statement
            pieces.append(self._batch(batch[:1] if self._collection.first_row else batch, picks))
        if self._collection.first_row:
            return pieces[0] if pieces else b"null"
        return b"[" + b",".join(pieces) + b"]"

    def _picks(self, columns: Sequence[str]) -> list[tuple[str, int]]:
        """The keys of a row's object and where their values stand: in the columns' order, or in jsonb's."""
        last = {name: index for index, name in enumerate(columns)}
        if self._collection.has_columns or self._collection.scalar:
            return list(last.items())
        return [(name, last[name]) for name in sorted(last, key=rank)]

    def _batch(self, batch: Batch, picks: list[tuple[str, int]]) -> bytes:
        if self._collection.scalar:
            values = [row[picks[0][1]] for row in batch]
        else:
            values = [{name: row[index] for name, index in picks} for row in batch]
        data = self._encoder.encode(values)[1:-1]
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(
                f"the result is larger than {self._limit / 1e6:.0f} MB, which is the limit. Store it as a file "
                "instead: add the line `-- s3 format=parquet` (or csv, json)"
            )
        if NUL in data and NUL in data.replace(b"\\\\", b""):
            raise Unstorable("unsupported Unicode escape sequence")
        return data


def joined(statements: Sequence[bytes], collection: Collection) -> bytes:
    """The whole result."""
    if collection.last_only:
        return statements[-1] if statements else b"null"
    return b"[" + b",".join(statements) + b"]"
