"""How the steps of a flow's run look, from what the engine says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.graph import StepLook

if TYPE_CHECKING:
    from flexwm_nb.models.flow_status import FlowStatus, ModuleStatus, StepRun

MANY = 200  # iterations and branches of a run that are looked at one by one
WORST = ("failure", "suspended", "running", "queued")
FIELD = (
    "type", "title", "description", "default", "enum", "format", "pattern", "minimum", "maximum", "minLength",
    "maxLength",
)  # fmt: skip


def read(status: Mapping[str, Any]) -> FlowStatus:
    """A status out of an engine's document."""
    from flexwm_nb.models.flow_status import FlowStatus

    return FlowStatus.read(status)


def can_look_inside(status: FlowStatus) -> bool:
    """Whether there are not too many iterations and branches to look at each."""
    return sum(len(module.flow_jobs or ()) for module in status.modules) <= MANY


def of(status: FlowStatus, known: Mapping[str, StepLook] | None = None) -> dict[str, StepLook]:
    """How the outermost steps stand; the times that are known already are kept."""
    ends = (status.preprocessor_module, status.failure_module)
    found = {}
    for module in [*status.modules, *(end for end in ends if end is not None)]:
        look = StepLook(state=module.state, note=counted(module))
        before = (known or {}).get(module.id)
        if before is not None and before.state == look.state:
            look = replace(look, duration=before.duration, note=look.note or before.note)
        elif module.state == "running":
            look = replace(look, duration=timedelta(0))
        found[module.id] = look
    return found


def counted(module: ModuleStatus) -> str:
    """How many iterations or branches have ended; of one branch among several, which."""
    if module.branch_chosen is not None:
        number = module.branch_chosen.get("branch")
        return "else" if number is None else f"branch {int(number) + 1}"
    if module.flow_jobs is None:
        return ""
    done = sum(success is not None for success in module.flow_jobs_success or [])
    total = len((module.iterator or {}).get("itered") or []) or len(module.flow_jobs)
    return f"{done} of {total}"


def looks_of(steps: Sequence[StepRun]) -> dict[str, StepLook]:
    """How steps look in a graph, by their ids; of what ran more than once, all together."""
    found: dict[str, list[StepRun]] = {}
    for step in steps:
        found.setdefault(step.step.rpartition("/")[2], []).append(step)
    return {name: _together(several) for name, several in found.items()}


def _together(steps: list[StepRun]) -> StepLook:
    states = [step.state for step in steps]
    worst = next((state for state in WORST if state in states), states[-1])
    times = [step.duration for step in steps if step.duration is not None]
    step = steps[-1]
    notes = [f"{len(step.jobs)}×"] if len(steps) == 1 and step.done is not None and step.jobs else []
    notes += [f"{len(steps)}×"] if len(steps) > 1 else []
    notes += [f"{step.attempts} tries"] if len(steps) == 1 and step.attempts > 1 and step.done is None else []
    return StepLook(state=worst, duration=sum(times, timedelta(0)) if times else None, note=" · ".join(notes))


def approval(status: FlowStatus, value: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a run waits for, for the page; None where it waits for nothing."""
    waiting = status.waiting
    if waiting is None:
        return None
    step = _asking(status, waiting, value)
    suspend = step.get("suspend") if isinstance(step.get("suspend"), Mapping) else {}
    form = suspend.get("resume_form") if isinstance(suspend, Mapping) else None
    schema = form.get("schema") if isinstance(form, Mapping) else None
    return {
        "step": str(step.get("id") or waiting.id),
        "message": str(step.get("summary") or ""),
        "missing": waiting.count or 1,
        "approvers": [str(one.get("approver") or "somebody") for one in waiting.approvers or []],
        "fields": fields(schema if isinstance(schema, Mapping) else {}),
    }


def _asking(status: FlowStatus, waiting: ModuleStatus, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The step that asks: the one before the one that waits."""
    number = next((at for at, module in enumerate(status.modules) if module is waiting), 0)
    found = value.get("modules") or []
    before = found[number - 1] if 0 < number <= len(found) else {}
    return before if isinstance(before, Mapping) else {}


def fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form, in order."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    required = set(schema.get("required") or ())
    order = [name for name in schema.get("order") or () if name in properties]
    names = dict.fromkeys([*order, *properties])
    return [
        {"name": str(name), "required": name in required, **_field(properties[name])}
        for name in names
        if isinstance(properties[name], Mapping)
    ]


def _field(described: Mapping[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in FIELD if described.get(name) is not None}
