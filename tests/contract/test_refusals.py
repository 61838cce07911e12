"""What is not understood, or not there, is refused in Windmill's words on both engines."""

from __future__ import annotations

import httpx
import pytest

SHAPE = "Failed to deserialize the JSON body into the target type: "
TYPE = "invalid type: integer `5`, expected a string at line 1 column"
STRUCT = f"{SHAPE}invalid type: {{}}, expected struct {{}} at line 1 column {{}}"
CHECK = 'relation "{}" violates check constraint "proper_name"'
QUERY = "Failed to deserialize query string: {}: invalid digit found in string"
USAGE = '{"scripts":0,"schedules":0,"flows":0,"apps":0,"resources":0,"variables":0}'
NONE = "u/admin/none_here"
NIL = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("route", "body", "status", "text"),
    [
        ("scripts/create", '{"path": 5}', 422, f"{SHAPE}path: {TYPE} 10"),
        ("scripts/create", "[]", 422, STRUCT.format("sequence", "NewScript", 0)),
        ("flows/create", '{"summary": 5, "path": "x"}', 422, f"{SHAPE}summary: {TYPE} 13"),
        ("variables/create", "null", 422, STRUCT.format("null", "CreateVariable", 4)),
        ("variables/create", '{\n "path":\n 5}', 422, f"{SHAPE}path: {TYPE} 2".replace("line 1", "line 3")),
        ("resources/create", '"x"', 422, STRUCT.format('string "x"', "CreateResource", 3)),
        ("resources/type/create", '{"name": "a b"}', 400, CHECK.format("resource_type")),
        ("groups/create", '{"name": "a b"}', 400, CHECK.format("group_")),
        (
            f"schedules/setenabled/{NONE}", '{"enabled": "é"}', 422,
            f'{SHAPE}enabled: invalid type: string "é", expected a boolean at line 1 column 16',
        ),
        ("jobs/queue/cancel_selection", "{}", 422, f"{SHAPE}invalid type: map, expected a sequence at line 1 column 0"),
        (
            "jobs/queue/cancel_selection", '["x"]', 422,
            f"{SHAPE}[0]: UUID parsing failed: invalid character: found `x` at 0 at line 1 column 4",
        ),
        (f"jobs_u/queue/cancel/{NIL}", '{"reason": 5}', 422, f"{SHAPE}reason: {TYPE} 12"),
        (f"jobs/flow/user_states/{NIL}/k", "{}", 404, "Not found: Flow job not found"),
        ("jobs/run/preview_flow", '{"value": {"modules": 5}}', 422, f"{SHAPE}value.modules: invalid type: "),
        ("jobs/run/preview_flow", '{"value": {}}', 422, f"{SHAPE}value: missing field `modules` at line 1 column "),
    ],
)  # fmt: skip
def test_a_body(http: httpx.Client, route: str, body: str, status: int, text: str) -> None:
    """With the field, and the place as serde counts: the end of a plain value, the beginning of others, in bytes."""
    answer = http.post(f"/w/demo/{route}", content=body.encode(), headers={"content-type": "application/json"})
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("route", "status", "text"),
    [
        ("jobs/list?page=-1", 400, QUERY.format("page")),
        ("resources/list?per_page=-5", 400, QUERY.format("per_page")),
        ("flows/get/v/999999", 404, "Not found: Flow version not found at name 999999 in workspace demo"),
        (f"flows/get/v/999999/p/{NONE}", 404, "Not found: Flow version not found at name 999999"),
        ("users/username_to_email/none_here", 404, "Not found: user not found at name none_here"),
        (f"jobs_u/getupdate/{NIL}", 404, f"Not found: Job {NIL} not found"),
        (f"jobs/result_by_id/{NIL}/a", 404, f"Not found: Job {NIL} not found"),
        (f"jobs_u/get_completed_logs_tail/{NIL}", 404, "Not found: Job not found"),
        (f"jobs/flow/user_states/{NIL}/k", 200, "null"),
        ("folders/getusage/none_here", 200, USAGE),
    ],
)  # fmt: skip
def test_what_is_not_there(http: httpx.Client, route: str, status: int, text: str) -> None:
    """With its name."""
    answer = http.get(f"/w/demo/{route}")
    assert (answer.status_code, answer.text.startswith(text)) == (status, True), answer.text


def test_a_name_that_is_taken(http: httpx.Client) -> None:
    """Is refused, a free one is not."""
    route = "/workspaces/exists_username"
    assert http.post(route, json={"id": "demo", "username": "nobody_here"}).text == "valid username"
    taken = http.post(route, json={"id": "demo", "username": "admin"})
    assert (taken.status_code, taken.text) == (400, "Bad request: username already taken")
