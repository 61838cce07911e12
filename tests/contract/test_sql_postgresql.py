"""SQL scripts on a PostgreSQL."""

from __future__ import annotations

import io
import time
from typing import Any

import httpx
import psycopg
import pytest
from pyarrow import parquet

from tests.contract.sql_jobs import end, run, start

MILLION = "SELECT i, i * 0.5::float8 AS half, 'row ' || i AS name FROM generate_series(1, 1000000) i"
OTHER_TYPES = """SELECT 'ab'::char(4) AS c, 'n'::name AS n, '1'::bit AS b1, '101'::bit(3) AS b3, 5::oid AS o,
'03:04:05.5+02'::timetz AS t, 1e20::float8 AS big,
ARRAY['2024-01-02'::date, NULL] AS ds, '{}'::text[] AS none, interval '-1 mon 3 days' AS iv"""

FILES = pytest.mark.differs("files (`engine.files`, `wmill.write_s3_file`)")


def select(http: httpx.Client, database: dict[str, Any], content: str, **given: Any) -> Any:
    """A script's result."""
    return run(http, "postgresql", content, database=database, **given).result


def activity(database: dict[str, Any], text: str) -> int:
    """How many others' statements with this text run."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> pg_backend_pid()"
    with psycopg.connect(**database) as connection:
        row = connection.execute(query, [f"%{text}%"]).fetchone()
    assert row is not None
    return int(row[0])


def eventually(check: Any, seconds: float = 10) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(found)


def test_rows_keep_the_order_of_their_columns(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """A row's keys come as the columns do, and the job says which they are."""
    found = run(http, "postgresql", "SELECT 1 AS zebra, 2 AS ape", database=postgresql)
    assert list(found.result[0]) == found.columns == ["zebra", "ape"]


def test_types_are_written_as_windmill_does(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """Padded, large and odd values have their recorded form."""
    row = select(http, postgresql, OTHER_TYPES)[0]
    texts = {"c": "ab  ", "n": "n", "t": "01:04:05.500+00:00", "b3": "101"}
    others = {"b1": True, "o": 5, "big": 10**20, "ds": ["2024-01-02", None], "none": []}
    assert row == {**texts, **others, "iv": "-1 months 3 days 0 ms"}


@pytest.mark.differs("infinite times and numeric NaN of PostgreSQL")
def test_what_is_no_number_or_time_is_text(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """As PostgreSQL writes it."""
    row = select(http, postgresql, "SELECT '-infinity'::timestamp AS ts, 'NaN'::numeric AS nan")[0]
    assert row == {"ts": "-infinity", "nan": "NaN"}


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("'10.0.0.0/8'::cidr", "Cidr"),
        ("ARRAY['a'::name]", "NameArray"),
        ("row(1)", "Record"),
        ("'a'::\"char\"", "Char"),
    ],
    ids=["cidr", "array of names", "record", "one byte"],
)
def test_a_type_that_windmill_does_not_read_is_named(
    http: httpx.Client, postgresql: dict[str, Any], expression: str, kind: str
) -> None:
    """The error says which column and which type."""
    error = run(http, "postgresql", f"SELECT {expression} AS x", database=postgresql).error
    assert f"column_name `x` with type {kind}" in error


@pytest.mark.differs("errors of PostgreSQL")
def test_the_error_of_a_type_says_what_to_write(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """A cast."""
    error = run(http, "postgresql", "SELECT row(1) AS x", database=postgresql).error
    assert "with type Record. Cast it: x::text" in error


def test_an_enum_is_text_in_and_out(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """A type of the database's own is bound by way of the server's own look at it."""
    made = "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('glad', 'sad');"
    assert select(http, postgresql, f"{made} SELECT $1::mood AS m", **{"$1": "sad"}) == [{"m": "sad"}]


@pytest.mark.differs("errors of PostgreSQL")
def test_an_error_points_at_the_line(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """The statement's line follows the server's message."""
    found = run(http, "postgresql", "SELECT 1;\nSELECT\n  nope\nFROM pg_class", database=postgresql)
    assert found.error == (
        'execution error:\nError: db error: ERROR: column "nope" does not exist\nLINE 3:   nope\n          ^'
    )


def test_statements_are_no_transaction_unless_begun(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """What ran before an error stays, BEGIN and ROLLBACK count."""
    select(
        http,
        postgresql,
        "DROP TABLE IF EXISTS kept; CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); SELECT nope",
    )
    select(http, postgresql, "BEGIN; INSERT INTO kept VALUES (2); ROLLBACK")
    assert select(http, postgresql, "SELECT n FROM kept") == [{"n": 1}]


@pytest.mark.differs("what a script has begun in PostgreSQL and not ended")
def test_what_was_begun_is_not_left_to_the_next_job(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """It is rolled back."""
    select(
        http, postgresql, "DROP TABLE IF EXISTS begun; CREATE TABLE begun (n int); BEGIN; INSERT INTO begun VALUES (3)"
    )
    assert select(http, postgresql, "SELECT n FROM begun") == []


def test_a_session_is_reset_between_jobs(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """The connection is kept, settings of the job before are not."""
    before = select(http, postgresql, "SET search_path = nowhere; SELECT pg_backend_pid() AS pid")
    after = select(http, postgresql, "SELECT pg_backend_pid() AS pid, current_setting('search_path') AS path")
    assert after == [{**before[0], "path": '"$user", public'}]


def test_a_missing_argument_is_null_and_said(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """The log names what was not given."""
    found = run(http, "postgresql", "-- $1 n (int)\nSELECT $1 AS n", database=postgresql)
    assert found.result == [{"n": None}]
    assert "warning: argument(s) `n` declared in the query but not provided" in found.document["logs"]


def test_prepared_statements_are_described_and_not_run(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """Columns with their types, or the error; nothing happens in the database."""
    content = (
        "-- prepare\n-- result_collection=all_statements_first_row\nCREATE TABLE never (n int); SELECT 1 AS a; SELECT b"
    )
    *described, failed = select(http, postgresql, content)
    assert described == [{"columns": []}, {"columns": [{"name": "a", "type": "int4"}]}]
    assert failed.keys() == {"error"} and failed["error"].startswith("db error")
    assert select(http, postgresql, "SELECT to_regclass('never') IS NULL AS n") == [{"n": True}]


def test_two_jobs_run_at_once(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """A job does not wait for another one's statement: it has a connection of its own."""
    long = start(http, "postgresql", "SELECT pg_sleep(62)", database=postgresql)
    assert eventually(lambda: activity(postgresql, "pg_sleep(62)") == 1)
    assert select(http, postgresql, "SELECT 1 AS n") == [{"n": 1}]
    http.post(f"/w/demo/jobs_u/queue/cancel/{long}", json={})
    assert "cancelled" in end(http, long).error


@pytest.mark.differs("a statement of a job that is cancelled or out of time", run=False)
@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_an_ended_job_ends_its_statement(http: httpx.Client, postgresql: dict[str, Any], how: str) -> None:
    """Nothing goes on in the database."""
    query = {"timeout": 1} if how == "timeout" else {}
    select(http, postgresql, "SELECT 1")  # so that a process waits
    job = start(http, "postgresql", f"SELECT pg_sleep(61), '{how}'", query, database=postgresql)
    assert eventually(lambda: activity(postgresql, f"61), '{how}'") == 1)
    if how == "cancel":
        http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={"reason": "enough"})
    assert ("cancelled by admin" if how == "cancel" else "due to timeout") in end(http, job).error
    assert eventually(lambda: activity(postgresql, f"61), '{how}'") == 0)


@pytest.mark.differs("the name by which PostgreSQL knows a script's connection")
def test_a_lost_connection_fails_its_job_alone(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """The next job connects anew, also where the database closed what was idle."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'windmill'"
    error = run(http, "postgresql", kill, database=postgresql).error
    assert "terminating connection due to administrator command" in error
    assert select(http, postgresql, "SELECT 1 AS n") == [{"n": 1}]
    with psycopg.connect(**postgresql) as connection:
        connection.execute(kill)
    assert select(http, postgresql, "SELECT 2 AS n") == [{"n": 2}]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"host": "127.0.0.1", "port": 1}, "Error: error connecting to server: "),
        ({"dbname": "nowhere"}, 'Error: db error: FATAL: database "nowhere" does not exist'),
        ({"user": "nobody"}, 'Error: db error: FATAL: role "nobody" does not exist'),
        ({"host": None}, "invalid type: null, expected a string"),
    ],
    ids=["down", "database", "role", "host"],
)
def test_a_database_that_cannot_be_reached_is_told(
    http: httpx.Client, postgresql: dict[str, Any], change: dict[str, Any], text: str
) -> None:
    """The error says why, and never the password."""
    found = run(http, "postgresql", "SELECT 1", database={**postgresql, "password": "secret-5", **change})
    assert text in found.error
    assert "secret-5" not in found.error


def test_the_script_may_name_its_database(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """`-- database PATH` wins; a missing one is named."""
    resource = {"path": "u/admin/pg", "resource_type": "postgresql", "value": postgresql}
    http.post("/w/demo/resources/create", json=resource)
    assert run(http, "postgresql", "-- database u/admin/pg\nSELECT 3 AS n").result == [{"n": 3}]
    assert run(http, "postgresql", "SELECT 4 AS n", database="$res:u/admin/pg").result == [{"n": 4}]
    assert "Resource u/admin/none not found" in run(http, "postgresql", "-- database u/admin/none\nSELECT 1").error
    assert run(http, "postgresql", "SELECT 1").error == "execution error:\nBad request: Missing database argument"


@FILES
def test_a_million_rows_are_stored_as_a_file(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """They pass through in constant memory, to a key of the engine's files."""
    found = run(http, "postgresql", f"-- s3 prefix=big format=parquet\n{MILLION}", database=postgresql)
    assert found.document["mem_peak"] < 350_000  # kB
    data = http.get("/w/demo/job_helpers/download_s3_file", params={"file_key": found.result["s3"]}).content
    table = parquet.read_table(io.BytesIO(data))
    assert (table.num_rows, table.schema.names) == (1_000_000, ["i", "half", "name"])


@FILES
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("json", b'{"n":1,"t":null,"j":[1]}\n'),
        ("csv", b"n,t,j\n1,,[1]\n"),
    ],
)
def test_a_result_is_stored_in_the_form_asked_for(
    http: httpx.Client, postgresql: dict[str, Any], form: str, expected: bytes
) -> None:
    """JSON lines, or CSV with a head."""
    found = run(
        http, "postgresql", f"-- s3 format={form}\nSELECT 1 AS n, NULL AS t, '[1]'::json AS j", database=postgresql
    )
    key = found.result["s3"]
    assert key.startswith("wmill_datalake/unknown_script/")
    assert http.get("/w/demo/job_helpers/download_s3_file", params={"file_key": key}).content == expected


@pytest.mark.differs("a very large result")
def test_a_result_over_the_limit_says_what_to_write(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """The way out is in the error."""
    found = run(http, "postgresql", "SELECT repeat('x', 1000) FROM generate_series(1, 120000)", database=postgresql)
    assert "add the line `-- s3 format=parquet`" in found.error


@FILES
def test_a_file_argument_is_bound_as_its_rows(http: httpx.Client, postgresql: dict[str, Any]) -> None:
    """An s3object parameter gets the file's content as JSON."""
    http.post("/w/demo/job_helpers/upload_s3_file", params={"file_key": "in/a.csv"}, content=b"n\n1\n2\n")
    content = "-- $1 file (s3object)\nSELECT count(*) AS n FROM jsonb_array_elements($1)"
    assert select(http, postgresql, content, file={"s3": "in/a.csv"}) == [{"n": 2}]
