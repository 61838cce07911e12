"""How the steps of a flow's run look, from what the engine says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.graph import StepLook
from flexwm_nb.display.layout import lanes, modules, value_of

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


def looks_of(steps: Sequence[StepRun], value: Mapping[str, Any] | None = None) -> dict[str, StepLook]:
    """How the steps of a flow value look in its graph, by their ids; of what ran more than once, all together."""
    inner = alone(value or {})
    found: dict[str, list[StepRun]] = {}
    for step in steps:
        found.setdefault(name_of(step.step, inner), []).append(step)
    return {name: _together(several) for name, several in found.items()}


def alone(value: Mapping[str, Any]) -> dict[str, str]:
    """The steps that are the only ones in their loops, by the loops' ids: their jobs are the iterations themselves."""
    found: dict[str, str] = {}
    for module in modules(value_of(value).get("modules")):
        bodies = [body for _, body in lanes(module)]
        if len(bodies) == 1 and len(bodies[0]) == 1:
            found[str(module.get("id"))] = str(bodies[0][0].get("id"))
        for body in bodies:
            found |= alone({"modules": body})
    return found


def name_of(place: str, inner: Mapping[str, str]) -> str:
    """The id of the step at a place of a run such as `each[2]/clean`, or `each[2]` of a loop of one step."""
    last = place.rpartition("/")[2]
    name, bracket, _ = last.partition("[")
    return inner.get(name, last) if bracket else last


def _together(steps: list[StepRun]) -> StepLook:
    states = [step.state for step in steps]
    worst = next((state for state in WORST if state in states), states[-1])
    times = [step.duration for step in steps if step.duration is not None]
    step = steps[-1]
    notes = [f"{len(step.jobs)}×"] if len(steps) == 1 and step.done is not None and step.jobs else []
    notes += [f"{len(steps)}×"] if len(steps) > 1 else []
    notes += [f"{step.attempts} tries"] if len(steps) == 1 and step.attempts > 1 and step.done is None else []
    return StepLook(state=worst, duration=sum(times, timedelta(0)) if times else None, note=" · ".join(notes))


def left_out(value: Mapping[str, Any], looks: Mapping[str, StepLook]) -> dict[str, StepLook]:
    """The steps of the branches that an ended fork did not take."""
    found: dict[str, StepLook] = {}
    for module in modules(value.get("modules")):
        look = looks.get(str(module.get("id")))
        is_over = look is not None and look.state in ("success", "failure")
        is_choice = (module.get("value") or {}).get("type") == "branchone"
        for _, body in lanes(module):
            names = [str(step.get("id")) for step in body]
            if is_over and is_choice and not any(name in looks for name in names):
                found |= {name: StepLook(state="skipped") for name in names}
            found |= left_out({"modules": body}, looks)
    return found


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
