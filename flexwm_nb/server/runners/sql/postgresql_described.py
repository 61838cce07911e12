"""`-- prepare`: what statements would give, without running them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flexwm_nb.server.runners.base import RunnerError
from flexwm_nb.server.runners.sql.dialect import Job, Rows
from flexwm_nb.server.runners.sql.statements import Statement, bare

if TYPE_CHECKING:
    from flexwm_nb.server.runners.sql.postgresql import Postgresql

RUN_ALL_THE_SAME = ("SET search_path", "RESET search_path")


def described(connection: Postgresql, statement: Statement, job: Job) -> Rows | None:
    """A row with the statement's columns or its error; None of one that says where names are looked up."""
    text = bare(statement.text)
    if text.startswith(RUN_ALL_THE_SAME):
        for _ in connection.run(Statement(text), job).batches:
            pass
        return None
    try:
        columns = [{"name": name, "type": connection.type_name(oid)} for name, oid in connection.describe(text)]
    except RunnerError as error:
        message = str(error).removeprefix("Error: ").partition("\n")[0]
        return Rows(["error"], iter([[(message,)]]))
    return Rows(["columns"], iter([[(columns,)]]))
