"""A flow as it is sent to be created or updated: its fields and the row that is stored of it."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Annotated, Any

import msgspec

from flexwm_nb.server.flows import openflow
from flexwm_nb.server.flows.openflow import Flow, Module, PathFlow, PathScript
from flexwm_nb.server.jobs.job_arguments import normal
from flexwm_nb.server.web import paths, serde
from flexwm_nb.server.web.failures import Failure, bad_request
from flexwm_nb.server.web.http import Identity

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]

MUTED = "Muting the error handler for certain flow is only available in enterprise version"
NO_PAUSE = "Exponential backoff base (seconds) must be greater than 0. A base of 0 would cause immediate retries."
NO_PATH = (
    "step '{}' references '{}', which is not a workspace path (expected u/, f/, g/ or hub/). Absolute or local "
    "filesystem paths are not allowed in flow steps."
)
REFERENCES = ("u/", "f/", "g/", "hub/")
# fields that are kept in the column `settings`
SETTINGS = ("labels", "visible_to_runner_only")
PLACED = re.compile(r"[\w.\[\]]+: ")  # a refusal that says where


class NewFlow(msgspec.Struct, kw_only=True):
    """The body of the request."""

    path: str
    summary: str
    value: msgspec.Raw
    description: str | None = None
    schema: Any = None
    tag: str | None = None
    timeout: Int32 | None = None
    dedicated_worker: bool | None = None
    deployment_message: str | None = None
    visible_to_runner_only: bool | None = None
    on_behalf_of_email: str | None = None
    preserve_on_behalf_of: bool | None = None
    ws_error_handler_muted: bool | None = None
    labels: list[str] | None = None


def check(new: NewFlow) -> None:
    """Raise Failure 422 or 400 when it cannot be stored."""
    try:
        flow = openflow.read_flow(bytes(new.value).decode())
    except Failure as failure:
        raise _refused(f"Invalid flow value: {failure.text.removeprefix(serde.BODY)}") from None
    if new.ws_error_handler_muted:
        raise bad_request(MUTED)
    paths.check_text(new.summary, new.description)
    for module in (*flow.modules, *_single(flow)):
        _check_module(module)


def _refused(text: str) -> Failure:
    return Failure(422, f"{serde.BODY}value: {text}")


def read(value: msgspec.Raw) -> Flow:
    """The flow that stands in a body's field `value`. Raises Failure 422."""
    try:
        return openflow.read_flow(bytes(value).decode())
    except Failure as failure:
        text = failure.text.removeprefix(serde.BODY)
        joint = "." if PLACED.match(text) else ": "
        raise Failure(failure.status, f"{serde.BODY}value{joint}{text}") from None


def _single(flow: Flow) -> list[Module]:
    """The modules that stand beside the list."""
    return [module for module in (flow.failure_module, flow.preprocessor_module) if module is not None]


def _check_module(module: Module) -> None:
    """Refuse a module that cannot be read, retries without a pause, and paths that cannot exist; below it too."""
    try:
        value = openflow.read_value(module.value)
    except openflow.BadModule as problem:
        raise _refused(f"Module '{module.id}': {problem}") from None
    exponential = module.retry and module.retry.exponential
    if exponential and exponential.attempts and not exponential.seconds:
        raise _refused(f"Module '{module.id}': {NO_PAUSE}")
    path = getattr(value, "path", None)
    if isinstance(value, PathScript | PathFlow) and path is not None and not path.startswith(REFERENCES):
        raise _refused(NO_PATH.format(module.id, path))
    for below in chain.from_iterable(openflow.bodies(value)):
        _check_module(below)


def stored(new: NewFlow, identity: Identity) -> dict[str, Any]:
    """The columns of the flow and its version."""
    settings = {name: value for name in SETTINGS if (value := getattr(new, name))}
    if new.on_behalf_of_email:
        kept = new.preserve_on_behalf_of and identity.is_admin
        settings["on_behalf_of_email"] = new.on_behalf_of_email if kept else identity.email
    return {
        "path": new.path,
        "summary": new.summary,
        "description": new.description or "",
        "value": normal(bytes(new.value).decode()),
        "schema": None if new.schema is None else normal(json.dumps(new.schema, ensure_ascii=False)),
        "tag": new.tag,
        "timeout": new.timeout,
        "dedicated_worker": new.dedicated_worker,
        "deployment_message": new.deployment_message,
        "settings": json.dumps(settings, ensure_ascii=False),
        "edited_by": identity.username,
    }
