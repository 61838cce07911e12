"""Statements of job lists: every combination of parts is one that SQLite runs by the index that is named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from flexwm_nb.server.jobs import job_filters
from flexwm_nb.server.jobs.job_filters import JobQuery
from flexwm_nb.server.store.containment import contains
from flexwm_nb.server.store.database import Database
from flexwm_nb.server.web.http import Identity

MOMENT = "2026-11-24T03:11:50Z"
ADMIN = Identity(email="admin@windmill.dev", username="admin", is_admin=True, super_admin=True)
USER = Identity(email="u@windmill.dev", username="u")
FILTERS: dict[str, Any] = {
    "script_path_start": "f/",
    "script_path_exact": "f/a/b",
    "script_hash": "00000000000000ff",
    "created_by": "a,b",
    "worker": "!w",
    "tag": "t*",
    "label": "l",
    "trigger_kind": "schedule",
    "job_kinds": "!flow",
    "schedule_path": "u/s",
    "parent_job": "00000000-0000-0000-0000-000000000000",
    "created_before": MOMENT,
    "created_after": MOMENT,
    "started_before": MOMENT,
    "started_after": MOMENT,
    "created_or_started_before": MOMENT,
    "created_or_started_after": MOMENT,
    "completed_before": MOMENT,
    "completed_after": MOMENT,
    "running": False,
    "suspended": True,
    "is_flow_step": False,
    "has_null_parent": True,
    "is_not_schedule": True,
    "scheduled_for_before_now": True,
    "args": "{}",
    "result": "nothing",
    "status": "failure",
    "success": False,
    "is_skipped": False,
    "concurrency_key": "k",
    "broad_filter": "x",
    "excludes_entrypoint_override": True,
    "order_desc": False,
    "include_args": True,
    "allow_wildcards": True,
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty store."""
    opened = Database(tmp_path_factory.mktemp("store") / "store.db")
    yield opened
    opened.close()


def rows(database: Database, completed: bool, who: Identity = ADMIN, **filters: Any) -> list[dict[str, Any]]:
    """What the filters find; the statement is run."""
    chosen = job_filters.select(JobQuery(**filters), who, "demo", database, completed=completed)
    job_filters.order(chosen)
    return database.read(" + ".join(chosen.parts), **chosen.parameters)


@pytest.mark.parametrize("completed", [True, False])
def test_every_pair_of_filters_is_a_statement(database: Database, completed: bool) -> None:
    """No two filters make one that SQLite refuses, for whomever."""
    for one, two in itertools.combinations(FILTERS, 2):
        filters = {one: FILTERS[one], two: FILTERS[two]}
        assert rows(database, completed, **filters) == rows(database, completed, USER, **filters) == []


@pytest.mark.parametrize("completed", [True, False])
def test_all_filters_together_are_a_statement(database: Database, completed: bool) -> None:
    """The whole table at once."""
    assert rows(database, completed, **FILTERS) == []


@pytest.mark.parametrize(
    ("completed", "filters", "index"),
    [
        (False, {"script_path_exact": "f/a"}, "unfinished"),
        (True, {}, "created"),
        (True, {"tag": "x"}, "created"),
        (True, {"parent_job": "x"}, "parent"),
        (True, {"script_path_exact": "f/a"}, "path"),
        (True, {"script_path_exact": "f/a,f/b"}, "created"),
        (True, {"script_path_start": "f/"}, "path"),
        (True, {"success": False}, "unsuccessful"),
        (True, {"status": "canceled"}, "unsuccessful"),
        (True, {"completed_after": MOMENT}, "completed"),
    ],
)
def test_the_index_leads_to_few_jobs(database: Database, completed: bool, filters: dict[str, Any], index: str) -> None:
    """Each kind of filter has its own."""
    assert job_filters.index(JobQuery(**filters), "demo", database, completed=completed) == index


@pytest.mark.parametrize(
    ("value", "part", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": {"b": [1, 2, 3]}}, {"a": {"b": [3, 1]}}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ([1, 2], [2], True),
        ([1, 2], 2, True),
        ([[1, 2]], [1], False),
        ([{"a": 1, "b": 2}], [{"b": 2}], True),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ("x", "x", True),
        ("x", ["x"], False),
    ],
)
def test_containment_is_postgresqls(value: Any, part: Any, expected: bool) -> None:
    """As `@>` on jsonb."""
    assert contains(value, part) is expected


@pytest.mark.parametrize(
    ("value", "wildcards", "expected"), [("a*b", True, "a*b"), ("a*b", False, "a[*]b"), ("a?[", True, "a[?][[]")]
)
def test_patterns_mean_only_the_star(value: str, wildcards: bool, expected: str) -> None:
    """Other signs of GLOB stand for themselves."""
    assert job_filters.pattern(value, wildcards) == expected
