"""Making an engine have, or not have, what a file describes: one request or two for each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flexwm_nb.client.client import Client
from flexwm_nb.sync.items import FOLDER, RESOURCE, RESOURCE_TYPE, SCHEDULE, VARIABLE, Item, Kind

ROUTES = {VARIABLE: "variables", RESOURCE: "resources", SCHEDULE: "schedules"}
REQUIRED: dict[Kind, dict[str, Any]] = {  # what an engine wants to be told in any case
    VARIABLE: {"value": "", "is_secret": False, "description": ""},
    RESOURCE: {"value": None, "resource_type": "any", "description": ""},
    SCHEDULE: {"args": {}, "is_flow": False, "enabled": False},
    RESOURCE_TYPE: {"schema": {}, "description": ""},
    FOLDER: {},
}


def create(client: Client, item: Item) -> None:
    """Make it. Raises Conflict where it is there, and InvalidPath."""
    body = _body(item)
    if item.kind is FOLDER:
        client.post(f"{client.workspace}/folders/create", {"name": item.path.removeprefix("f/"), **body})
    elif item.kind is RESOURCE_TYPE:
        client.post(f"{client.workspace}/resources/type/create", {"name": item.path, **body})
    else:
        client.post(f"{client.workspace}/{ROUTES[item.kind]}/create", {"path": item.path, **body})


def update(client: Client, item: Item, before: Item) -> None:
    """Change it. Raises NotFound where it is not there any more."""
    body = _body(item)
    if item.kind is SCHEDULE:
        _change_schedule(client, item, before, body)
    else:
        client.post(_url(client, item, "update"), body, repeat=True)


def remove(client: Client, item: Item) -> None:
    """Remove it. Raises NotFound where it is not there any more."""
    client.delete(_url(client, item, "delete"))


def _change_schedule(client: Client, item: Item, before: Item, body: dict[str, Any]) -> None:
    """A schedule of something else is another; whether it is on is a matter of its own."""
    if (before.document.get("script_path"), bool(before.document.get("is_flow"))) != (
        body.get("script_path"),
        bool(body.get("is_flow")),
    ):
        remove(client, before)
        create(client, item)
        return
    client.post(_url(client, item, "update"), body, repeat=True)
    enabled = bool(body.get("enabled"))
    if enabled != bool(before.document.get("enabled")):
        client.post(_url(client, item, "setenabled"), {"enabled": enabled}, repeat=True)


def _body(item: Item) -> dict[str, Any]:
    """What is sent of it: what counts, and what an engine insists on; what is not set any more is cleared."""
    found = {name: item.document[name] for name in item.kind.fields if name in item.document}
    return {**REQUIRED[item.kind], **{name: value for name, value in found.items() if value is not None}}


def _url(client: Client, item: Item, verb: str) -> str:
    if item.kind is FOLDER:
        return f"{client.workspace}/folders/{verb}/{quote(item.path.removeprefix('f/'))}"
    if item.kind is RESOURCE_TYPE:
        return f"{client.workspace}/resources/type/{verb}/{quote(item.path)}"
    return f"{client.workspace}/{ROUTES[item.kind]}/{verb}/{quote(item.path)}"
