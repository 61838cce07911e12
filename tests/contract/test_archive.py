"""A workspace as an archive, as `wmill sync` takes it."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

FLOW = {"modules": [{"id": "a", "value": {"type": "rawscript", "language": "bash", "content": "echo 1"}}]}


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Paths of this module's own."""
    base = f"u/admin/archived_{uuid4().hex[:8]}"
    return {kind: f"{base}_{kind}" for kind in ("script", "flow", "variable", "secret", "resource", "schedule")}


@pytest.fixture
def filled(http: httpx.Client, names: dict[str, str]) -> Iterator[httpx.Client]:
    """An engine that has one of each."""
    script = {"path": names["script"], "summary": "s", "content": "echo 1", "language": "bash", "tag": "bash"}
    schedule = {"schedule": "0 0 0 1 1 *", "timezone": "UTC", "script_path": names["script"], "is_flow": False}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("scripts", script),
        ("flows", {"path": names["flow"], "summary": "f", "value": FLOW}),
        ("variables", {"path": names["variable"], "value": "v", "is_secret": False, "description": "d"}),
        ("variables", {"path": names["secret"], "value": "hidden", "is_secret": True, "description": "d"}),
        ("resources", {"path": names["resource"], "value": {"a": [1]}, "resource_type": "any"}),
        ("schedules", {"path": names["schedule"], **schedule}),
    ]
    for kind, body in bodies:
        http.post(f"/w/demo/{kind}/create", json=body)
    yield http


def unpacked(http: httpx.Client, **query: Any) -> dict[str, str]:
    """The archive's files."""
    answer = http.get("/w/demo/workspaces/tarball", params={"archive_type": "zip", **query})
    assert answer.headers["content-type"] == "application/x-tar"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_everything_is_a_file(filled: httpx.Client, names: dict[str, str]) -> None:
    """Code stands beside what is known of it; a flow's stays inside; what is usual is left out."""
    files = unpacked(filled, include_schedules=True)
    assert files[f"{names['script']}.sh"] == "echo 1"
    script = json.loads(files[f"{names['script']}.script.json"])
    assert script == {"summary": "s", "description": "", "lock": "", "kind": "script", "schema": None, "tag": "bash"}
    (step,) = json.loads(files[f"{names['flow']}.flow.json"])["value"]["modules"]
    assert (step["id"], step["value"]["content"]) == ("a", "echo 1")
    assert json.loads(files[f"{names['resource']}.resource.json"])["value"] == {"a": [1]}
    assert json.loads(files[f"{names['schedule']}.schedule.json"])["script_path"] == names["script"]


def test_secrets_are_left_out_sealed_or_plain(filled: httpx.Client, names: dict[str, str]) -> None:
    """As the request says; sealed is the rule."""
    name = f"{names['secret']}.variable.json"
    assert name not in unpacked(filled, skip_secrets=True)
    assert json.loads(unpacked(filled)[name])["value"] != "hidden"
    assert json.loads(unpacked(filled, plain_secret=True)[name])["value"] == "hidden"


@pytest.mark.parametrize("kind", ["variable", "resource"])
def test_kinds_are_skipped(filled: httpx.Client, names: dict[str, str], kind: str) -> None:
    """Variables and resources stay out when that is asked for; schedules when nothing is asked."""
    files = unpacked(filled, **{f"skip_{kind}s": True})
    assert f"{names[kind]}.{kind}.json" not in files
    assert f"{names['schedule']}.schedule.json" not in files


def test_members_and_groups_come_when_asked_for(filled: httpx.Client) -> None:
    """Each is a file of its own; the group of everybody is none."""
    name = f"archived_{uuid4().hex[:8]}"
    filled.post("/w/demo/groups/create", json={"name": name, "summary": "s"})
    files = unpacked(filled, include_users=True, include_groups=True)
    assert json.loads(files["users/admin@windmill.dev.user.json"])["role"] == "admin"
    assert json.loads(files[f"groups/{name}.group.json"]) == {"admins": ["u/admin"], "summary": "s", "members": []}
    assert "groups/all.group.json" not in files
    filled.delete(f"/w/demo/groups/delete/{name}")


def test_a_tar_holds_the_same(filled: httpx.Client) -> None:
    """Without a type the archive is a tar."""
    data = filled.get("/w/demo/workspaces/tarball").content
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert sorted(archive.getnames()) == sorted(unpacked(filled))
