"""Scripts over HTTP: versions and their lineage, settings, lists."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

W = "/w/demo/scripts"
HOME, FAMILY = (f"u/admin/{name}_{uuid4().hex[:8]}" for name in ("scripts", "family"))


def draft(path: str, content: str = "echo 1", **more: Any) -> dict[str, Any]:
    """A body for create."""
    return {"path": path, "summary": "", "description": "", "content": content, "language": "bash", **more}


def create(http: httpx.Client, body: dict[str, Any], **options: Any) -> str:
    """Create a version and give its hash."""
    answer = http.post(f"{W}/create", json=body, **options)
    assert answer.status_code == 201, answer.text
    return answer.text


def show(http: httpx.Client, path: str) -> dict[str, Any]:
    """The newest version at a path."""
    found: dict[str, Any] = http.get(f"{W}/get/p/{path}").json()
    return found


def test_a_body_has_one_hash_whatever_the_workspace(http: httpx.Client) -> None:
    """The same fields give the same hash elsewhere."""
    made = http.post("/workspaces/create", json={"id": "hash-elsewhere", "name": "Elsewhere"})
    assert made.status_code == 200, made.text
    body = draft(f"{HOME}/same")
    elsewhere = http.post("/w/hash-elsewhere/scripts/create", json=body).text
    http.delete("/workspaces/delete/hash-elsewhere")
    assert create(http, body) == elsewhere


def test_every_field_comes_back(http: httpx.Client) -> None:
    """What is sent is what is shown, and what is not sent is left out."""
    fields: dict[str, Any] = {
        "schema": {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}},
        "tag": "heavy", "kind": "approval", "envs": ["A=1"], "concurrency_key": "k", "concurrent_limit": 2,
        "concurrency_time_window_s": 3, "cache_ttl": 4, "dedicated_worker": True, "priority": 5, "timeout": 6,
        "delete_after_secs": 7, "restart_unless_cancelled": True, "visible_to_runner_only": True, "codebase": "c",
        "is_template": False, "labels": ["x"], "modules": {"m": {"content": "1", "language": "bash"}},
        "assets": [], "debounce_key": "d",
        "debounce_delay_s": 8,
    }  # fmt: skip
    create(http, draft(f"{HOME}/fields", **fields))
    found = show(http, f"{HOME}/fields")
    assert {name: found[name] for name in fields} == fields
    assert list(found["schema"]["properties"]) == ["b", "a"]
    create(http, draft(f"{HOME}/plain"))
    assert not {"envs", "timeout", "priority", "labels"} & set(show(http, f"{HOME}/plain"))


@pytest.mark.parametrize(("language", "lock"), [("python3", "one\ntwo"), ("bash", "")])
def test_a_lock_is_kept_where_a_language_has_one(http: httpx.Client, language: str, lock: str) -> None:
    """As lines or as one text."""
    for number, given in enumerate((["one", "two"], "one\ntwo")):
        path = f"{HOME}/lock_{language}_{number}"
        create(http, draft(path, "def main(): ...", language=language, lock=given))
        assert show(http, path)["lock"] == lock


def test_auto_parent_follows_the_head(http: httpx.Client) -> None:
    """A version with auto_parent replaces whatever is current, and starts a lineage where nothing is."""
    hashes = [create(http, draft(f"{HOME}/auto", f"echo {n}", auto_parent=True)) for n in range(3)]
    assert show(http, f"{HOME}/auto")["parent_hashes"] == [hashes[1], hashes[0]]


def test_a_repetition_can_be_skipped(http: httpx.Client) -> None:
    """With skip_if_noop an unchanged script keeps its version; a changed one gets a new one."""
    body = draft(f"{HOME}/noop", ws_error_handler_muted=False)
    first = create(http, body)
    same = {**body, "parent_hash": first, "deployment_message": "again"}
    assert create(http, same, params={"skip_if_noop": "true"}) == first
    assert create(http, {**same, "summary": "new"}, params={"skip_if_noop": "true"}) != first


LARGE = pytest.mark.differs("a very large script, or source for previews")
PARENT = pytest.mark.differs("`GET …/scripts/list?parent_hash=`")


@pytest.mark.parametrize(
    ("language", "content", "found"),
    [
        pytest.param("python3", "def main():\n    return 1", (None, None), id="main"),
        pytest.param("python3", "async def main():\n    return 1", (None, None), id="async main"),
        pytest.param("python3", "def helper():\n    return 1", ("lib", None), id="library"),
        pytest.param("python3", "def preprocessor(e):\n    return e\n\ndef main():\n    ...", (None, True), id="both"),
        pytest.param("bash", "echo 1", (None, None), id="bash"),
    ],
)
def test_libraries_and_preprocessors_are_seen(
    http: httpx.Client, request: pytest.FixtureRequest, language: str, content: str, found: tuple[Any, Any]
) -> None:
    """The source says whether it has a main and a preprocessor."""
    path = f"{HOME}/kind/{request.node.callspec.id.replace(' ', '_')}"
    create(http, draft(path, content, language=language))
    script = show(http, path)
    assert (script.get("auto_kind"), script.get("has_preprocessor")) == found


def test_libraries_are_listed_on_demand(http: httpx.Client) -> None:
    """A script without main shows only with include_without_main."""
    create(http, draft(f"{HOME}/lib", "x = 1", language="python3"))
    query = {"path_exact": f"{HOME}/lib"}
    assert http.get(f"{W}/list", params=query).json() == []
    assert len(http.get(f"{W}/list", params={**query, "include_without_main": "true"}).json()) == 1


@pytest.mark.differs("a python3, TypeScript or Go script after it is registered")
def test_python3_is_deployed_at_once(http: httpx.Client) -> None:
    """A python3 script has its lock as soon as it exists, and runs."""
    made = create(http, draft(f"{HOME}/now", "def main(n: int):\n    return n + 1", language="python3"))
    assert http.get(f"{W}/deployment_status/h/{made}").json() == {"lock": "", "lock_error_logs": None, "job_id": None}
    assert http.post(f"/w/demo/jobs/run_wait_result/p/{HOME}/now", json={"n": 1}).json() == 2


def test_native_bun_is_a_language_of_its_own(http: httpx.Client) -> None:
    """A first comment `//native` makes bun bunnative."""
    create(http, draft(f"{HOME}/native", "//native\nexport function main() {}", language="bun"))
    assert show(http, f"{HOME}/native")["language"] == "bunnative"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(
            draft(f"{HOME}/big", "#" * 5_000_001),
            "too large: 5000001 bytes, the limit",
            id="size",
            marks=LARGE,
        ),
        pytest.param(draft("u/admin/" + "x" * 250), "value too long", id="long path"),
        pytest.param(draft(f"{HOME}/nul", "echo \0"), "invalid byte sequence", id="NUL"),
        pytest.param(draft(f"{HOME}/mute", ws_error_handler_muted=True), "enterprise", id="muted"),
        pytest.param(draft("u/admin/x\n"), "proper_id", id="line break"),
    ],
)
def test_what_cannot_be_stored_is_refused(http: httpx.Client, body: dict[str, Any], text: str) -> None:
    """A refusal says what is wrong."""
    answer = http.post(f"{W}/create", json=body)
    assert answer.status_code == 400 and text in answer.text


@pytest.fixture(scope="module")
def family(server: Any) -> dict[str, str]:
    """Scripts that differ in what lists filter by."""
    bodies = {
        "a": {"kind": "trigger", "labels": ["x", "y"]},
        "b": {"description": "d", "labels": ["x"], "is_template": True},
        "c": {"language": "mysql", "dedicated_worker": True, "deployment_message": "why"},
    }
    with server.http() as http:
        made = {name: create(http, draft(f"{FAMILY}/{name}", **more)) for name, more in bodies.items()}
        made["old"] = made["c"]
        made["c"] = create(http, draft(f"{FAMILY}/c", "echo 2", language="mysql", parent_hash=made["c"]))
        http.post("/w/demo/favorites/star", json={"path": f"{FAMILY}/a", "favorite_kind": "script"})
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param({}, "acb", id="starred first, then newest"),
        pytest.param({"order_desc": "false"}, "abc", id="oldest first"),
        pytest.param({"starred_only": "true"}, "a", id="starred"),
        pytest.param({"kinds": "trigger,failure"}, "a", id="kinds"),
        pytest.param({"label": "x"}, "ab", id="label"),
        pytest.param({"label": "x,y"}, "a", id="labels"),
        pytest.param({"is_template": "true"}, "b", id="template"),
        pytest.param({"is_template": "false"}, "ac", id="no template"),
        pytest.param({"languages": "mysql"}, "c", id="language"),
        pytest.param({"created_by": "admin", "per_page": "2"}, "ac", id="first page"),
        pytest.param({"page": "2", "per_page": "2"}, "b", id="second page"),
        pytest.param({"page": "0", "per_page": "2"}, "ac", id="page 0 is page 1"),
        pytest.param({"page": "9"}, "", id="beyond"),
        pytest.param(
            {"parent_hash": "{old}"},
            "c",
            id="any parent",
            marks=PARENT,
        ),
        pytest.param({"last_parent_hash": "{old}"}, "c", id="last parent"),
        pytest.param({"first_parent_hash": "{old}"}, "c", id="first parent"),
        pytest.param({"show_archived": "true"}, "", id="only archived heads"),
    ],
)
def test_lists_filter(http: httpx.Client, family: dict[str, str], query: dict[str, str], names: str) -> None:
    """Each filter gives its scripts, in order."""
    query = {name: value.format(**family) for name, value in query.items()}
    found = http.get(f"{W}/list", params={"path_start": f"{FAMILY}/", **query}).json()
    assert "".join(item["path"][-1] for item in found) == names


def test_lists_show_what_is_asked(http: httpx.Client, family: dict[str, str]) -> None:
    """Descriptions can be left out and deployment messages put in."""
    query = {"path_exact": f"{FAMILY}/b"}
    assert http.get(f"{W}/list", params=query).json()[0]["description"] == "d"
    assert "description" not in http.get(f"{W}/list", params={**query, "without_description": "true"}).json()[0]


@pytest.mark.differs("deployment messages")
def test_a_message_is_kept_and_changed(http: httpx.Client, family: dict[str, str]) -> None:
    """A deployment message stands in the history and can be replaced."""
    url = f"{W}/history_update/h/{family['c']}/p/{FAMILY}/c"
    assert http.post(url, json={"deployment_msg": "because"}).status_code == 200
    messages = [item.get("deployment_msg") for item in http.get(f"{W}/history/p/{FAMILY}/c").json()]
    assert messages == ["because", "why"]


def test_several_are_deleted_at_once(http: httpx.Client) -> None:
    """delete_bulk tells which paths existed; nothing of them stays."""
    create(http, draft(f"{HOME}/bulk"))
    body = {"paths": [f"{HOME}/bulk", f"{HOME}/never"]}
    assert http.request("DELETE", f"{W}/delete_bulk", json=body).json() == [f"{HOME}/bulk"]
    assert f"{HOME}/bulk" not in http.get(f"{W}/list_paths").json()


@pytest.mark.differs("`list_search` of scripts and flows")
def test_sources_can_be_searched(http: httpx.Client) -> None:
    """list_search gives path and source of every script in use."""
    create(http, draft(f"{HOME}/search", "echo needle"))
    assert {"path": f"{HOME}/search", "content": "echo needle"} in http.get(f"{W}/list_search").json()


def test_a_star_is_shown(http: httpx.Client, family: dict[str, str]) -> None:
    """with_starred_info adds whether the asker has starred the script."""
    answer = http.get(f"{W}/get/p/{FAMILY}/a", params={"with_starred_info": "true"}).json()
    assert answer["starred"] is True
