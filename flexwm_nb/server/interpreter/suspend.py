"""Waiting for events between two modules: approval, disapproval, too late."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from flexwm_nb.server.flows.openflow import Suspend
from flexwm_nb.server.interpreter import transforms
from flexwm_nb.server.interpreter.draft import Draft
from flexwm_nb.server.interpreter.messages import Approval, Approvals, Asking, Park
from flexwm_nb.server.interpreter.nodes import waits
from flexwm_nb.server.interpreter.state import Approver, ModuleState

TIMEOUT = 1_800  # seconds
ANONYMOUS = "anonymous"
LATE = {"error": {"name": "SuspendedTimedOut", "message": "Timed out waiting to be resumed"}}


def refused(approval: Approval) -> dict[str, Any]:
    """The error of a flow that somebody disapproved."""
    message = f"Disapproved by {approval.approver or ANONYMOUS}"
    return {"error": {"name": "SuspendedDisapproved", "message": message}}


class Denied(Exception):
    """The flow does not go on; `error` is the result."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Keep the result."""
        super().__init__(error["error"]["message"])
        self.error = error


def pending(draft: Draft) -> bool:
    """Whether the module before the present one has the flow wait."""
    step = draft.step - 1
    if not 0 <= step < len(draft.state.modules) - 1:
        return False
    before = draft.state.modules[step]
    return before.type == "Success" and not before.skipped and not before.approvers and waits(draft.node.modules[step])


def pass_or_park(draft: Draft) -> Asking[bool]:
    """Let the flow go on, its names about approvals set, or have it wait (false). Raises Denied or Broken."""
    step = draft.step - 1
    suspend = draft.node.modules[step].suspend
    assert suspend is not None
    before = draft.state.modules[step]
    found: list[Approval] = yield Approvals(before.job or "")
    values = [approval.value for approval in found if approval.approved]
    no = next((approval for approval in found if not approval.approved), None)
    problem = None if no is None else refused(no)
    missing = (suspend.required_events or 0) - len(values)
    if problem is None and missing > 0 and _late(draft):
        problem = LATE
    if problem is None and missing > 0:
        yield from _park(draft, suspend, missing, before.job)
        return False
    if problem is not None and not suspend.continue_on_disapprove_timeout:
        _forget_conditions(draft)
        raise Denied(problem)
    _go_on(draft, step, found, [*values, *([] if problem is None else [problem])])
    return True


def _late(draft: Draft) -> bool:
    until = draft.facts.suspend_until
    return draft.status.type == "WaitingForEvents" and until is not None and draft.now >= until


def _park(draft: Draft, suspend: Suspend, missing: int, job: str | None) -> Asking[None]:
    if draft.status.type != "WaitingForEvents":
        seconds = TIMEOUT if suspend.timeout is None else suspend.timeout
        conditions = yield from _conditions(draft, suspend)
        draft.change(approval_conditions=conditions)
        draft.emit(Park(count=missing, seconds=seconds))
    else:
        draft.emit(Park(count=missing, seconds=-1))
    draft.set_status(ModuleState("WaitingForEvents", draft.module.id, count=suspend.required_events, job=job))


def _conditions(draft: Draft, suspend: Suspend) -> Asking[dict[str, Any] | None]:
    """Who may approve, None where it is not said."""
    if not suspend.user_auth_required:
        return None
    groups: Any = []
    if suspend.user_groups_required is not None:
        groups = yield from transforms.value(suspend.user_groups_required, draft.names(result=True), results=False)
    return {
        "user_auth_required": True,
        "user_groups_required": groups if isinstance(groups, list) else [],
        "self_approval_disabled": bool(suspend.self_approval_disabled),
    }


def _forget_conditions(draft: Draft) -> None:
    if draft.state.approval_conditions is not None:
        draft.change(approval_conditions=None)


def _go_on(draft: Draft, step: int, found: list[Approval], resumes: list[Any]) -> None:
    _forget_conditions(draft)
    approvers = [Approver(each.resume_id, each.approver or ANONYMOUS) for each in found if each.approved]
    if approvers:
        draft.set_status(replace(draft.state.modules[step], approvers=approvers), step)
    draft.resume = {
        "resume": resumes[-1] if resumes else None,
        "resumes": resumes,
        "approvers": [each.approver for each in approvers],
    }
