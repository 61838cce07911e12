"""A draft against the current version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flexwm_nb.errors import InvalidInput, InvalidSource, ScriptTooLarge
from flexwm_nb.models.scripts import Script, ScriptDraft
from flexwm_nb.services import drafts

SOURCE = "def main(n: int):\n    return n\n"
DRAFT = ScriptDraft(path="f/a/b", language="python3", content=SOURCE)


def current(**changes: Any) -> Script:
    """The version that is registered."""
    known = {"hash": "1" * 16, "path": "f/a/b", "language": "python3", "content": SOURCE, "lock": "", "tag": "heavy"}
    return Script.read({**known, **changes})


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, False),
        ({"content": SOURCE + "\n"}, True),
        ({"language": "bash"}, True),
        ({"summary": ""}, False),
        ({"summary": "new"}, True),
        ({"tag": "heavy"}, False),
        ({"tag": "light"}, True),
        ({"labels": []}, False),
        ({"timeout": 5}, True),
        ({"deployment_message": "why"}, False),
        ({"schema": {"type": "object"}}, True),
    ],
)
def test_only_what_the_draft_sets_can_differ(changes: dict[str, Any], differs: bool) -> None:
    """None keeps what there is, and a message alone makes no version."""
    assert drafts.differs(replace(DRAFT, **changes), current()) is differs


def test_a_failed_lock_is_worth_another_version() -> None:
    """The same source again is then not unchanged."""
    assert drafts.differs(DRAFT, current(lock=None, lock_error_logs="no such package"))


def test_a_bun_script_that_became_native_is_the_same() -> None:
    """Windmill changes the language by a comment."""
    draft = replace(DRAFT, language="bun", content="//native\n")
    assert not drafts.differs(draft, current(language="bunnative", content="//native\n"))


def test_settings_of_the_version_before_are_kept() -> None:
    """But not its schema and lock when the source changes; those follow the source."""
    before = current(priority=7, schema={"properties": {"old": {}}}, lock="pandas==2.1", concurrency_key="k")
    made = drafts.document(replace(DRAFT, content="def main(m: str): ..."), before)
    assert (made["tag"], made["priority"], made["concurrency_key"]) == ("heavy", 7, "k")
    assert list(made["schema"]["properties"]) == ["m"]
    assert "lock" not in made


def test_schema_and_lock_stay_with_the_same_source() -> None:
    """A new summary alone changes no pinned package."""
    before = current(schema={"properties": {"n": {"description": "by hand"}}}, lock="pandas==2.1")
    made = drafts.document(replace(DRAFT, summary="new"), before)
    assert made["lock"] == "pandas==2.1"
    assert made["schema"] == {"properties": {"n": {"description": "by hand"}}}


def test_a_new_script_says_what_windmill_requires() -> None:
    """Summary and description are there, the schema is inferred."""
    made = drafts.document(DRAFT, None)
    assert (made["summary"], made["description"], made["path"]) == ("", "", "f/a/b")
    assert made["schema"]["required"] == ["n"]


def test_a_source_without_main_is_a_library() -> None:
    """As Windmill's own editor says it."""
    assert drafts.document(replace(DRAFT, content="def helper(): ..."), None)["auto_kind"] == "lib"


def test_a_language_without_parser_has_no_schema() -> None:
    """The engine may still know it."""
    assert "schema" not in drafts.document(replace(DRAFT, language="rust", content="fn main() {}"), None)


def test_source_that_does_not_parse_is_refused() -> None:
    """Before anything is sent, with the line."""
    with pytest.raises(InvalidSource) as caught:
        drafts.document(replace(DRAFT, content="def main(:\n"), None)
    assert caught.value.line == 1


def test_too_large_a_source_is_refused() -> None:
    """With its size and the limit."""
    with pytest.raises(ScriptTooLarge, match="5,000,001 bytes of source, the limit is 5,000,000"):
        drafts.check(replace(DRAFT, content="#" * (drafts.LARGEST_SOURCE + 1)))


def test_an_empty_source_is_refused() -> None:
    """White space is nothing."""
    with pytest.raises(InvalidInput, match="is empty"):
        drafts.check(replace(DRAFT, content=" \n"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("a\nb\n", "a\nb\n", (0, 0)), ("a\nb\n", "a\nc\nd\n", (2, 1)), ("", "a", (1, 0)), ("a\nb", "", (0, 2))],
)
def test_changed_lines_are_counted(old: str, new: str, expected: tuple[int, int]) -> None:
    """Added first, then removed."""
    assert drafts.changed_lines(old, new) == expected
