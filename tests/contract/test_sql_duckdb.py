"""SQL scripts on DuckDB."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import httpx
import pandas
import pytest

from tests.contract.sql_jobs import end, run, start

pytestmark = pytest.mark.differs("duckdb")
TYPES = """SELECT 2::hugeint AS h, sum(i) AS s, 1.50::decimal(10,2) AS d, DATE '2024-01-02' AS dt,
TIMESTAMP '2024-01-02 03:04:05.123' AS ts, TIME '03:04:05' AS t, INTERVAL '1 day 2 hours' AS iv, 'ab'::blob AS b,
[DATE '1970-01-02'] AS l, {'b': 1, 'a': 1.5::decimal(3,1)} AS st, MAP {1: 'x'} AS m, '{"b":1}'::json AS j,
union_value(n := 5) AS u, 1.5::float AS f FROM range(3) r(i)"""
WRITTEN = {
    "h": "2", "s": "3", "d": "1.50", "dt": 19724, "ts": "1704164645123000", "t": "11045000000",
    "iv": {"days": 1, "nanos": 7_200_000_000_000, "months": 0}, "b": [97, 98], "l": [1], "st": {"a": "1.5", "b": 1},
    "m": {"Int(1)": "x"}, "j": {"b": 1}, "u": "Int(5)", "f": 1.5,
}  # fmt: skip


def test_types_are_written_as_windmill_does(http: httpx.Client) -> None:
    """Days and counts in the place of dates and times, texts in the place of large numbers."""
    found = run(http, "duckdb", TYPES)
    assert found.result == [WRITTEN]
    assert found.columns == list(WRITTEN)


@pytest.mark.parametrize(
    ("content", "given", "expected"),
    [
        ("-- $a (int) = 5\n-- $ab (text)\nSELECT $a AS a, $ab AS ab", {"ab": "x"}, {"a": 5, "ab": "x"}),
        ("-- $a (tinyint)\nSELECT $a AS a, typeof($a) AS t", {"a": 300}, {"a": 44, "t": "TINYINT"}),
        ("-- $a (timestamp)\nSELECT $a AS a", {"a": "2024-01-02T03:04:05.123Z"}, {"a": "1704164645123000"}),
        ("-- $a (timestamp)\nSELECT $a AS a", {"a": "soon"}, {"a": None}),
        ("-- $a (date)\nSELECT $a AS a", {"a": "2024-01-02"}, {"a": 738887}),
        ("-- $a (json)\nSELECT $a AS a", {"a": {"k": [1]}}, {"a": '{"k":[1]}'}),
    ],
    ids=["default", "wrapped", "timestamp", "no timestamp", "date", "object"],
)
def test_arguments_are_bound(http: httpx.Client, content: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """By name, coerced as Windmill does it, its oddities included."""
    assert run(http, "duckdb", content, **given).result == [expected]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("SELECT * FROM nowhere", 'execution error:\n"Catalog Error: Table with name nowhere does not exist!'),
        ("SELECT 'nan'::float", 'execution error:\n"Could not convert to f64"'),
        ("-- return_last_result\nSELECT 1", "return_last_result annotation is deprecated"),
        ("INSTALL spatial", "DuckDB's extension spatial is not on this machine"),
        ("ATTACH 'ducklake://main' AS x", "the local engine has no ducklake"),
        ("SELECT * FROM 's3:///none.csv'", "Not found: File none.csv not found"),
        ("ATTACH '$res:u/admin/none' AS x (TYPE postgres)", "Resource u/admin/none not found"),
    ],
    ids=["table", "no number", "annotation", "extension", "lake", "file", "resource"],
)
def test_what_is_wrong_is_told(http: httpx.Client, content: str, text: str) -> None:
    """DuckDB's message, or what this engine has not."""
    assert text in run(http, "duckdb", content).error


def test_an_attached_database_needs_its_extension_and_hides_its_password(http: httpx.Client) -> None:
    """Where the extension is not on the machine the error says how to get it."""
    value = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "secret-7", "dbname": "d"}
    body = {"path": "u/admin/attached", "resource_type": "postgresql", "value": value}
    http.post("/w/demo/resources/create", json=body)
    error = run(http, "duckdb", "ATTACH '$res:u/admin/attached' AS x (TYPE postgres); SELECT 1").error
    assert "extension" in error or "Unable to connect" in error
    assert "secret-7" not in error


def test_files_of_the_engine_are_read_and_written(http: httpx.Client) -> None:
    """By `s3://` addresses, several by a pattern, and as an argument that is a file."""
    for number in (1, 2):
        data = io.BytesIO()
        pandas.DataFrame({"n": range(number)}).to_parquet(data)
        http.post(
            "/w/demo/job_helpers/upload_s3_file",
            params={"file_key": f"ducks/{number}.parquet"},
            content=data.getvalue(),
        )
    assert run(http, "duckdb", "SELECT count(*) AS n FROM 's3:///ducks/*.parquet'").result == [{"n": 3}]
    content = "-- $file (s3object)\nSELECT count(*) AS n FROM read_parquet($file)"
    assert run(http, "duckdb", content, file={"s3": "ducks/2.parquet"}).result == [{"n": 2}]
    run(http, "duckdb", "COPY (SELECT 1 AS a) TO 's3:///ducks/out.csv'")
    assert http.get("/w/demo/job_helpers/download_s3_file", params={"file_key": "ducks/out.csv"}).text == "a\n1\n"


def test_a_database_is_for_one_job(http: httpx.Client, tmp_path: Path) -> None:
    """Tables of one are none of the next."""
    assert run(http, "duckdb", "CREATE TABLE t AS SELECT 1 AS n; SELECT * FROM t").result == [{"n": 1}]
    assert "does not exist" in run(http, "duckdb", "SELECT * FROM t").error


def test_a_cancelled_job_ends(http: httpx.Client) -> None:
    """Also in the midst of a statement."""
    job = start(http, "duckdb", "SELECT sum(sqrt(a.range * b.range)) FROM range(10000000) a, range(1000000) b")
    time.sleep(0.3)
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    assert "cancelled by admin" in end(http, job).error
