"""The engine's refusals, as errors of this package."""

from __future__ import annotations

import pytest

from flexwm_nb import errors
from flexwm_nb.client.refusals import readable, refused

URL = "http://windmill.example/api/w/demo/scripts/create"
CASES = [
    (401, "Unauthorized", errors.AuthenticationFailed),
    (401, "Not authorized: you may not read this", errors.PermissionDenied),
    (401, "Not authorized: Unauthorized", errors.AuthenticationFailed),
    (
        400,
        'SqlErr: duplicate key value violates unique constraint "script_pkey" @scripts.rs:1:2',
        errors.ScriptExists,
    ),
    (403, "Require Admin privileges for bob", errors.PermissionDenied),
    (403, "Permission denied: no", errors.PermissionDenied),
    (400, "Bad request: Invalid login", errors.AuthenticationFailed),
    (404, "Not found: Script not found at path f/a/b", errors.ScriptNotFound),
    (404, "Not found: script not found at name f/a/b (lib.rs:1)", errors.ScriptNotFound),
    (404, "Not found: Flow not found at path f/a/b", errors.FlowNotFound),
    (404, "Not found: Job not found at name x (jobs.rs:1)", errors.JobNotFound),
    (404, "Not found: queued job id x does not exist", errors.JobNotFound),
    (404, "Not found: Workspace not found at name x", errors.WorkspaceNotFound),
    (404, "Not found: Variable u/a/b not found", errors.NotFound),
    (404, "", errors.NotFound),
    (500, "Internal: archiving script in demo: no rows returned @scripts.rs:1:2", errors.ScriptNotFound),
    (400, 'SqlErr: new row for relation "script" violates check constraint "proper_id" @x.rs:1:2', errors.InvalidPath),
    (400, "Bad request: A script with same hash (hence same path) already exists!", errors.ScriptExists),
    (400, "Bad request: Path conflict for f/a/b with non-archived hash 1", errors.Conflict),
    (400, "Bad request: … However, the lineage must be linear: no 2 scripts", errors.Conflict),
    (400, "Bad request: Variable u/a/b already exists", errors.Conflict),
    (422, "Failed to deserialize: language: unknown variant `cobol`, expected one of", errors.UnknownLanguage),
    (500, "Internal: database or disk is full", errors.StoreFull),
    (500, "Internal: attempt to write a readonly database", errors.StoreUnwritable),
    (500, "Internal: database disk image is malformed", errors.StoreCorrupt),
    (500, "timeout after 600s", errors.ExecutionTimeout),
    (400, "Quota exceeded: too many", errors.ConcurrencyLimit),
    (413, "length limit exceeded", errors.RequestRefused),
    (429, "", errors.RequestRefused),
    (502, "<html>Bad Gateway</html>", errors.EngineUnreachable),
    (503, "", errors.EngineUnreachable),
    (504, "", errors.EngineUnreachable),
    (418, "I'm a teapot", errors.RequestRefused),
]


@pytest.mark.parametrize(("status", "text", "kind"), CASES, ids=[f"{case[0]}-{case[1][:30]}" for case in CASES])
def test_a_refusal_becomes_a_typed_error(status: int, text: str, kind: type[errors.FlexwmError]) -> None:
    """By its status and the engine's own words, which stay readable on the error."""
    error = refused(status, text, url=URL)
    assert type(error) is kind
    assert (error.status, error.body, error.url) == (status, text, URL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not found: Script not found at name x (scripts.rs:12)", "Script not found at name x"),
        ("SqlErr: no rows @jobs.rs:1:2", "no rows"),
        ("<!doctype html><p>nginx", ""),
        ("plain words", "plain words"),
    ],
)
def test_only_the_words_for_people_are_shown(text: str, expected: str) -> None:
    """Prefixes, positions in the engine's source and pages of HTML are left out."""
    assert readable(text) == expected


def test_a_redirect_says_where_to() -> None:
    """A wrong scheme or host is corrected by one step."""
    error = refused(301, "", url=URL, location="https://windmill.example/")
    assert "Connect to https://windmill.example/" in str(error)
