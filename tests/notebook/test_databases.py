"""SQL cells: how they are given a database and frames, and what comes back."""

from __future__ import annotations

from typing import Any

import pandas

from flexwm_nb.engine import Engine
from tests.notebook.conftest import TestingShell

ROWS = "SELECT i AS n, now() AS at, CASE WHEN i > 1 THEN i END AS gap FROM generate_series(1, 2) i"


def test_rows_are_a_frame_with_the_databases_types(shell: TestingShell, wm: Engine, postgresql: dict[str, Any]) -> None:
    """The database is a resource that an argument names."""
    wm.resources.set("f/nb/pg", postgresql, resource_type="postgresql")
    shell.cell(f"%%windmill_script postgresql f/nb/pg_rows --arg database=$res:f/nb/pg -o rows\n{ROWS}")
    kinds = {name: str(kind) for name, kind in shell.user_ns["rows"].dtypes.items()}
    assert kinds == {"n": "int64", "at": "datetime64[us, UTC]", "gap": "Int64"}
    shell.cell(f"%%windmill_script postgresql f/nb/pg_none -o none\n-- database f/nb/pg\n{ROWS} WHERE false")
    assert list(shell.user_ns["none"].columns) == ["n", "at", "gap"]


def test_a_frame_is_a_table_of_duckdb(shell: TestingShell) -> None:
    """It arrives as a parquet file."""
    shell.user_ns["flights"] = pandas.DataFrame({"origin": ["JFK", "LAX", "JFK"], "delay": [1.5, 2.5, 3.5]})
    content = (
        "-- $flights (s3object)\nSELECT origin, avg(delay) AS delay FROM read_parquet($flights) GROUP BY 1 ORDER BY 1"
    )
    shell.cell(f"%%windmill_script duckdb f/nb/delays --arg flights=$flights -o delays\n{content}")
    expected = pandas.DataFrame({"origin": ["JFK", "LAX"], "delay": [2.5, 2.5]})
    pandas.testing.assert_frame_equal(shell.user_ns["delays"], expected)
