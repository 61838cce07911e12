"""Bodies and queries are refused in the words of Windmill's deserialiser."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from flexwm_nb.server.web.failures import Failure
from flexwm_nb.server.web.serde import decode, decode_query


class Draft(msgspec.Struct):
    """A body."""

    path: str
    summary: str
    language: Literal["bash", "python3"]
    archived: bool | None = None


class Filter(msgspec.Struct):
    """A query."""

    tags: str
    page: int | None = None
    archived: bool | None = None


PREFIX = "Failed to deserialize the JSON body into the target type: "
WRONG_TYPE = "summary: invalid type: integer `3`, expected a string"
WRONG_VARIANT = "language: unknown variant `x`, expected one of `bash`, `python3`"


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        ('{"path":"a","language":"bash"}', 422, PREFIX + "missing field `summary` at line 1 column 30"),
        ('{"path":"a","summary":3,"language":"bash"}', 422, PREFIX + WRONG_TYPE),
        ('{"path":"a","summary":"","language":"x"}', 422, PREFIX + WRONG_VARIANT),
        ('{"path":"a","path":"b","summary":"","language":"bash"}', 422, PREFIX + "duplicate field `path`"),
        ("[1]", 422, PREFIX + "invalid type: sequence"),
        ("{", 400, "Failed to parse the request body as JSON: EOF while parsing an object at line 1 column 1"),
        ('{"path": ', 400, "Failed to parse the request body as JSON: EOF while parsing a value"),
        ('{"path" 1}', 400, "Failed to parse the request body as JSON: expected"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_in_serdes_words(raw: str, status: int, text: str) -> None:
    """Each kind of wrong body has Windmill's status and text."""
    with pytest.raises(Failure) as caught:
        decode(raw.encode(), Draft)
    assert caught.value.status == status
    assert caught.value.text.startswith(text)


def test_a_repeated_key_inside_a_text_or_a_nested_object_is_no_duplicate() -> None:
    """Only the body's own keys count."""
    raw = b'{"path":"\\"path\\"","summary":"","language":"bash","extra":{"path":1}}'
    assert decode(raw, Draft).path == '"path"'


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([("tags", "a"), ("page", "x")], "page: invalid digit found in string"),
        ([("tags", "a"), ("archived", "1")], "archived: provided string was not `true` or `false`"),
        ([], "missing field `tags`"),
    ],
)
def test_a_wrong_query_is_refused_in_serdes_words(items: list[tuple[str, str]], text: str) -> None:
    """Each kind of wrong query is a 400 that names the field."""
    with pytest.raises(Failure) as caught:
        decode_query(items, Filter)
    assert (caught.value.status, caught.value.text) == (400, f"Failed to deserialize query string: {text}")


def test_unknown_query_names_are_ignored() -> None:
    """Windmill ignores what it does not know."""
    assert decode_query([("tags", "a"), ("other", "1"), ("page", "2")], Filter) == Filter("a", 2)
