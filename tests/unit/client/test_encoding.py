"""Python values as JSON."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest

from flexwm_nb.client.encoding import encode, encode_arguments
from flexwm_nb.client.identifiers import is_id, new_id
from flexwm_nb.errors import InvalidArguments
from flexwm_nb.models.scripts import ScriptVersion

COLOUR = Enum("COLOUR", {"RED": "red"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 2, tzinfo=timezone.utc), "2026-11-01T02:00:00+00:00"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (b"\x00\xff", "AP8="),
        (COLOUR["RED"], "red"),
        (range(3), [0, 1, 2]),
        ({1}, [1]),
        ("Zoë \u2028", "Zoë \u2028"),
        (10**20, 10**20),
    ],
    ids=str,
)
def test_values_travel(value: Any, expected: Any) -> None:
    """What JSON does not know takes its usual form."""
    assert json.loads(encode({"value": value})) == {"value": expected}


def test_data_classes_travel_as_their_fields() -> None:
    """Nested ones too."""
    version = ScriptVersion(path="f/a/b", hash="1", number=1)
    assert json.loads(encode([version]))[0]["path"] == "f/a/b"


@pytest.mark.parametrize(
    "value",
    [object(), float("nan"), float("inf"), "\ud800", print],
    ids=["object", "nan", "inf", "half a surrogate", "function"],
)
def test_an_argument_that_cannot_travel_is_named(value: Any) -> None:
    """The error says which one and what to do."""
    with pytest.raises(InvalidArguments, match="'wrong' cannot be sent") as caught:
        encode_arguments({"fine": 1, "wrong": value})
    assert caught.value.fields == ["wrong"]


def test_a_value_within_itself_is_refused() -> None:
    """Not with a stack overflow."""
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidArguments):
        encode_arguments({"loop": loop})


def test_ids_are_uuids_that_sort_by_time() -> None:
    """Version 7, and no two alike."""
    ids = [new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert all(is_id(made) and made[14] == "7" for made in ids)
    assert [made[:13] for made in ids] == sorted(made[:13] for made in ids)
