"""SQL scripts on a MariaDB or MySQL."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.contract.sql_jobs import end, run, start
from tests.databases import PASSWORD

TYPES = """CREATE OR REPLACE TABLE kinds (a int, b bigint unsigned, f float, d decimal(10,3), t text, bl blob,
dt datetime(3), da date, ti time, y year, bi bit(3), j json, e enum('a','b'));
INSERT INTO kinds VALUES (1, 18446744073709551615, 1.5, 12.340, 'ü', 'bin', '2024-01-02 03:04:05.12', '2024-01-02',
'-26:04:05', 2024, b'101', '{"a": 1}', 'b');
SELECT * FROM kinds"""


def select(http: httpx.Client, database: dict[str, Any], content: str, **given: Any) -> Any:
    """A script's result."""
    return run(http, "mysql", content, database=database, **given).result


def test_types_are_written_as_windmill_does(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """Numbers, texts and bytes as texts, times as SQL's text and bits in base64, in the order of the columns."""
    row = select(http, mysql, TYPES)[0]
    numbers = {"a": 1, "b": 2**64 - 1, "f": 1.5, "d": 12.34}
    times = {"dt": "2024-01-02 03:04:05.120000", "da": "2024-01-02", "ti": "-026:04:05", "y": 2024}
    assert row == {**numbers, "t": "ü", "bl": "bin", **times, "bi": "BQ==", "j": '{"a": 1}', "e": "b"}
    assert list(row)[:3] == ["a", "b", "f"]


@pytest.mark.parametrize(
    ("content", "given", "expected"),
    [
        (
            "-- ? a (int)\n-- ? b (text)\nSELECT ? AS a, ? AS b, '?' AS c",
            {"a": 1, "b": "x"},
            {"a": 1, "b": "x", "c": "?"},
        ),
        ("-- :a (int)\nSELECT :a + :a AS s, ':a' AS t", {"a": 2}, {"s": 4, "t": ":a"}),
        ("-- :a (int) = 5\nSELECT :a AS a", {}, {"a": None}),
        ("-- :a (bool)\nSELECT :a AS a", {"a": True}, {"a": 1}),
        ("-- :a (datetime)\nSELECT :a AS a", {"a": "2024-01-02T03:04:05.000Z"}, {"a": "2024-01-02 03:04:05"}),
        ("-- :a (date)\nSELECT :a AS a", {"a": "soon"}, {"a": "0000-00-00"}),
        ("-- :a (datetime)\nSELECT :a AS a", {"a": "2024-01-02T00:00:00.000Z"}, {"a": "2024-01-02"}),
        ("-- :a (text)\nSELECT :a AS a", {"a": "x' OR '1"}, {"a": "x' OR '1"}),
    ],
    ids=["positions", "names", "default", "bool", "datetime", "no date", "midnight", "quotes"],
)
def test_arguments_are_bound(
    http: httpx.Client, mysql: dict[str, Any], content: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """By position or by name, coerced by their declared types, never pasted."""
    assert select(http, mysql, content, **given) == [expected]


@pytest.mark.differs("bytes in MySQL that are no text")
def test_bytes_that_are_no_text_are_in_base64(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """Nothing of them is lost."""
    content = "CREATE OR REPLACE TABLE raws (a blob); INSERT INTO raws VALUES (x'ff61'); SELECT * FROM raws"
    assert select(http, mysql, content) == [{"a": "/2E="}]


@pytest.mark.parametrize(
    ("content", "given", "text"),
    [
        ("-- :a (decimal)\nSELECT :a", {"a": 1.5}, 'Unsupported type in query: Number(1.5) and signature "decimal"'),
        ("-- :a (int)\nSELECT :b", {"a": 1}, "Missing named parameter `b` for statement"),
        ("-- ? a (int)\nSELECT ?; SELECT 1", {"a": 1}, "Statement takes 0 parameters but 1 was supplied"),
        ("SELECT * FROM nowhere", {}, "Table 'shop.nowhere' doesn't exist"),
    ],
    ids=["type", "name", "count", "table"],
)
def test_what_is_wrong_is_told(
    http: httpx.Client, mysql: dict[str, Any], content: str, given: dict[str, Any], text: str
) -> None:
    """The argument's or the server's own fault."""
    assert text in run(http, "mysql", content, database=mysql, **given).error


def test_a_wrong_password_is_not_shown(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """The error names the user alone."""
    found = run(http, "mysql", "SELECT 1", database={**mysql, "password": "wrong-" + PASSWORD})
    assert "Access denied for user 'clerk'" in found.error
    assert PASSWORD not in found.error


def test_statements_are_collected_and_a_session_is_reset(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """Results of all statements, those without rows empty; variables do not outlive the job."""
    content = "-- result_collection=all_statements_all_rows\nSET @x := 5; SELECT @x AS bb, 1 AS a"
    assert select(http, mysql, content) == [[], [{"a": 1, "bb": 5}]]
    assert select(http, mysql, "SELECT @x AS x") == [{"x": None}]


def test_a_lost_connection_fails_its_job_alone(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """The next job connects anew."""
    assert "Server error" in run(http, "mysql", "KILL CONNECTION_ID(); SELECT 1", database=mysql).error
    assert select(http, mysql, "SELECT 2 AS n") == [{"n": 2}]


def test_a_procedure_gives_its_first_result(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """Further ones are read over, and the connection stays fit."""
    select(http, mysql, "CREATE OR REPLACE PROCEDURE two() SELECT 1 AS n UNION SELECT 2")
    assert select(http, mysql, "CALL two()") == [{"n": 1}, {"n": 2}]
    assert select(http, mysql, "CALL two(); SELECT 3 AS n") == [{"n": 3}]


def test_a_cancelled_job_ends_its_statement(http: httpx.Client, mysql: dict[str, Any]) -> None:
    """Nothing goes on in the database."""
    others = "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT sleep%'"
    job = start(http, "mysql", "SELECT sleep(60)", database=mysql)
    deadline = time.monotonic() + 10
    while select(http, mysql, others) != [{"n": 1}] and time.monotonic() < deadline:
        time.sleep(0.05)
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})
    assert "cancelled by admin" in end(http, job).error
    while (left := select(http, mysql, others)) != [{"n": 0}] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == [{"n": 0}]
