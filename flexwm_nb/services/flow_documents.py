"""A flow's document against the version that is current; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Any

from flexwm_nb import yaml_text
from flexwm_nb.flows.builder import modules_in
from flexwm_nb.models.deployed_flows import DeployedFlow

TEXTS = ("summary", "description")
SETTINGS = ("tag", "timeout", "labels")  # beside the document; one that is not named keeps what it was
NO_INPUTS: Mapping[str, Any] = {  # as Windmill's own pages write it; a file without any is not valid for editors
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {},
    "required": [],
    "order": [],
}
ADDED = frozenset({"lock", "assets"})  # by an engine, when it deploys
ABSENT: Mapping[str, Any] = {  # what leaving a field out means, where an engine may write it
    "skip_failures": False,
    "skip_failure": False,
    "parallel": False,
    "squash": False,
    "continue_on_error": False,
    "error_include_result": False,
    "cache_ignore_s3_path": False,
    "is_trigger": False,
    "input_transforms": {},
}


def differs(document: Mapping[str, Any], current: DeployedFlow) -> bool:
    """Whether sending the document would change the current version."""
    old = {name: getattr(current, name) for name in (*TEXTS, *SETTINGS, "schema", "value")}
    return current.archived or not same_meaning(document, old)


def same_meaning(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether two documents say the same, whatever an engine added to one of them."""
    if any((new.get(name) or "") != (old.get(name) or "") for name in TEXTS):
        return False
    if any(new.get(name) is not None and new[name] != old.get(name) for name in SETTINGS):
        return False
    same_inputs = _meaning(new.get("schema")) == _meaning(old.get("schema"))
    return same_inputs and bool(_essence(new["value"]) == _essence(old["value"]))


def sent(document: Mapping[str, Any], path: str, message: str | None) -> dict[str, Any]:
    """What is sent to make the next version."""
    made = {"summary": "", "description": "", **document, "path": path}
    made["schema"] = made.get("schema") or NO_INPUTS
    return made if message is None else {**made, "deployment_message": message}


def of_version(flow: DeployedFlow) -> dict[str, Any]:
    """A deployed version as a document again, without what an engine adds to it."""
    made: dict[str, Any] = {"summary": flow.summary}
    if flow.description:
        made["description"] = flow.description
    made["value"] = yaml_text.in_order(flow.value)  # as an engine keeps it, a document has no order of its own
    if flow.schema is not None:
        made["schema"] = flow.schema
    return made


def resolved(document: dict[str, Any], resolve: Callable[[str], str]) -> dict[str, Any]:
    """The document with every `PATH@VERSION` of a script as path and hash. It is changed in place."""
    for module in modules_in(document):
        value = module.get("value")
        if isinstance(value, dict) and value.get("type") == "script" and "@" in str(value.get("path")):
            found = resolve(value["path"])
            rest = {name: item for name, item in value.items() if name not in ("type", "path")}
            path = value["path"].partition("@")[0]
            value.clear()
            value.update({"type": "script", "path": path, "hash": found, **rest})
    return document


def changed_lines(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, int]:
    """How many lines of the document as YAML were added and how many removed."""
    said = [{name: item for name, item in found.items() if item not in ("", None)} for found in (old, new)]
    before, after = (yaml_text.dump(_essence(found), order=str).splitlines() for found in said)
    steps = SequenceMatcher(None, before, after).get_opcodes()
    changes = [step for step in steps if step[0] != "equal"]
    return sum(step[4] - step[3] for step in changes), sum(step[2] - step[1] for step in changes)


def _essence(value: Any) -> Any:
    """A document without what an engine may add and what means the same as nothing."""
    if isinstance(value, list):
        return [_essence(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("type") == "static":
        return {"type": "static", "value": value.get("value")}
    kept = {name: _essence(item) for name, item in value.items() if item is not None and name not in ADDED}
    if value.get("type") == "branchall":
        kept["parallel"] = "all" if value.get("parallel") is not False else "one by one"
    return {name: item for name, item in kept.items() if name not in ABSENT or item != ABSENT[name]}


def _meaning(schema: Any) -> Any:
    """A schema, where an empty one is none."""
    found = schema if isinstance(schema, Mapping) else {}
    return dict(found) if found.get("properties") else {}
