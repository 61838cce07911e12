"""The jobs of modules that are one job each: scripts, flows, values."""

from __future__ import annotations

from typing import Any

from flexwm_nb.server.flows.openflow import AiAgent, PathFlow, PathScript, RawScript, Transforms
from flexwm_nb.server.interpreter import transforms
from flexwm_nb.server.interpreter.draft import Draft
from flexwm_nb.server.interpreter.messages import Asking, Broken, FindFlow, FindScript, Push
from flexwm_nb.server.interpreter.state import PREPROCESSOR
from flexwm_nb.server.scripts.languages import default_tag

Fields = dict[str, Any]
NO_AGENTS = "AI agents do not run on the local engine: connect to a real Windmill with %windmill_connect URL"
FLOW_TAG = "flow"
Step = RawScript | PathScript | PathFlow | AiAgent


def fields(draft: Draft, value: Step) -> Asking[Fields]:
    """What runs in the job of a module. Raises Broken."""
    if isinstance(value, RawScript):
        return _code(draft, value)
    if isinstance(value, PathScript):
        return (yield from _script(draft, value))
    if isinstance(value, PathFlow):
        return (yield from _flow(draft, value))
    raise Broken(NO_AGENTS)


def _code(draft: Draft, value: RawScript) -> Fields:
    return {
        "kind": "preview",
        "path": value.path or f"{draft.facts.path}/{draft.module.id}",
        "language": value.language,
        "raw_code": value.content,
        "raw_lock": value.lock,
        "tag": _tag(draft, value.tag, default_tag(value.language)),
        "interpreter": draft.facts.interpreter,
    }


def _script(draft: Draft, value: PathScript) -> Asking[Fields]:
    row = yield FindScript(path=value.path, hash=value.hash)
    if row is None:
        raise Broken(f"Not found: script not found at name {value.hash or value.path}")
    return {
        "kind": "script",
        "path": row["path"],
        "hash": row["hash"],
        "language": row["language"],
        "tag": _tag(draft, value.tag_override or row["tag"], default_tag(row["language"])),
        "interpreter": row["interpreter"],
        "timeout": row["timeout"],
        "cache_ttl": row["cache_ttl"],
        "priority": row["priority"],
    }


def _flow(draft: Draft, value: PathFlow) -> Asking[Fields]:
    row = yield FindFlow(value.path)
    if row is None:
        raise Broken(f"Not found: flow not found at name {value.path}")
    return {
        "kind": "flow",
        "path": row["path"],
        "hash": row["version_id"],
        "raw_flow": row["value"],
        "tag": _tag(draft, row["tag"], FLOW_TAG),
        "interpreter": row["interpreter"],
    }


def _tag(draft: Draft, own: str | None, usual: str) -> str:
    """The tag of a step: its own, unless the flow has one that goes before."""
    above = draft.facts.tag
    plain = above == FLOW_TAG or above.startswith(f"{FLOW_TAG}-") or draft.step < 0
    if plain or (draft.node.flow.preserve_step_tags and own):
        return own or usual
    return above


def make_arguments(draft: Draft, given: Transforms) -> Asking[str]:
    """The arguments of a step, as JSON. Raises Unmade."""
    module = draft.module
    if draft.step < 0 or module.pass_flow_input_directly:
        return draft.arguments
    more: Fields = {}
    if draft.in_failure_module:
        more = {"started_at": draft.facts.started_at, "flow_job_id": draft.facts.job}
    return (yield from transforms.arguments(given, draft.names(**more)))


def push(draft: Draft, made: Fields, arguments: str, **more: Any) -> Push:
    """The command for a module's job."""
    module = draft.module
    made = {name: value for name, value in made.items() if value is not None}
    if draft.step < 0:
        made["entrypoint"] = PREPROCESSOR
    if module.priority is not None or "priority" not in made:
        made["priority"] = module.priority if module.priority is not None else draft.facts.priority
    if module.cache_ttl:
        made["cache_ttl"] = module.cache_ttl
    secs = module.delete_after_secs if module.delete_after_secs is not None else 0 if module.delete_after_use else None
    made.update(more)
    return Push(
        id=draft.new_id(),
        step_id=module.id,
        arguments=arguments,
        delete_after=secs,
        same_worker=draft.facts.same_worker and module.suspend is None and module.sleep is None,
        **made,
    )
