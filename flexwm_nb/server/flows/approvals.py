"""Who may let a suspended flow go on: signatures of links, tokens, and the conditions that a step sets."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any
from uuid import UUID

from flexwm_nb.server.context import Context
from flexwm_nb.server.flows.openflow import read_flow
from flexwm_nb.server.jobs.records import FLOWS
from flexwm_nb.server.people import rights
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web.failures import Failure, anyhow, not_authorized, permission_denied
from flexwm_nb.server.web.http import Identity

GONE = "parent flow job not found"
GOES_ON = "the flow is not in a suspended state anymore"
SIGN_IN = "This approval requires a logged-in user. Please sign in."
NO_SELF_APPROVAL = "Self-approval is disabled for this flow step"
ANONYMOUS = "anonymous"
NOT_IN_GROUPS = "Only users from one of the following groups are allowed to approve this workflow: {}"
PURPOSE = "approvals of "  # what the workspace's key is made for

Conditions = dict[str, Any]


def signature(parts: Context, workspace: str, job: str, resume_id: int, approver: str | None) -> str:
    """What proves that a link was made here for this job, number and approver."""
    return _sign(parts, workspace, UUID(job).bytes, resume_id.to_bytes(4, "big"), (approver or "").encode())


def check_signature(parts: Context, workspace: str, job: str, resume_id: int, approver: str | None, given: str) -> None:
    """Raise Failure 500 in Windmill's words unless the signature is right."""
    try:
        bytes.fromhex(given)
    except ValueError as error:
        raise Failure(500, f"HexErr: {error} @flexwm") from None
    if not hmac.compare_digest(signature(parts, workspace, job, resume_id, approver), given.lower()):
        raise anyhow("Invalid signature")


def token(parts: Context, workspace: str, flow_job: str) -> str:
    """What lets somebody without an account see and decide one flow's approvals."""
    return _sign(parts, workspace, b"flow", UUID(flow_job).bytes)


def view_token(parts: Context, workspace: str, flow_job: str) -> str:
    """What Windmill's page hands on to that of the run."""
    return f"{flow_job}.{_sign(parts, workspace, b'view', UUID(flow_job).bytes)}"


def is_token(parts: Context, workspace: str, flow_job: str, given: str | None) -> bool:
    """Whether that is the flow's token."""
    return given is not None and hmac.compare_digest(token(parts, workspace, flow_job).encode(), given.encode())


def _sign(parts: Context, workspace: str, *texts: bytes) -> str:
    key = parts.secrets.derive(PURPOSE + workspace)
    return hmac.new(key, b"".join(texts), sha256).hexdigest()


def flow_of(parts: Context, workspace: str, job: str) -> Row:
    """The flow that a job asks for, itself if it is one. Raises Failure 500 when it has ended or never was."""
    row = parts.database.one("approvals_job", workspace=workspace, id=job)
    if row is not None and row["kind"] not in FLOWS:
        row = parts.database.one("approvals_job", workspace=workspace, id=row["parent_job"])
    if row is None or row["completed_at"] is not None:
        raise anyhow(GONE)
    return row


def asking_job(flow: Row) -> str:
    """The step's job that a suspended flow waits for. Raises Failure 500 for a flow that does not wait."""
    module = waiting(flow)
    if module is None:
        raise anyhow(GOES_ON)
    return str(module["job"])


def waiting(flow: Row) -> dict[str, Any] | None:
    """The module before which a flow waits for events."""
    status = json.loads(flow["flow_status"] or "{}")
    modules, step = status.get("modules", []), status.get("step", 0)
    module: dict[str, Any] = modules[step] if 0 <= step < len(modules) else {}
    return module if module.get("type") == "WaitingForEvents" else None


def approvers(parts: Context, workspace: str, flow_job: str) -> list[dict[str, Any]]:
    """Who has approved so far, in the order of their approvals."""
    rows = parts.database.read("approvals_given", workspace=workspace, flow=flow_job)
    return [{"resume_id": row["resume_id"], "approver": row["approver"] or ANONYMOUS} for row in rows]


def conditions(flow: Row) -> Conditions | None:
    """Who may approve, as the step says."""
    found: Conditions | None = json.loads(flow["flow_status"] or "{}").get("approval_conditions")
    return found


def check(parts: Context, flow: Row, who: Identity | None) -> None:
    """Raise Failure 401 or 403 for somebody whom the step does not let approve."""
    wanted = conditions(flow)
    if wanted is None or not wanted.get("user_auth_required"):
        return
    if who is None:
        raise not_authorized(SIGN_IN)
    if who.is_admin:
        return
    if wanted.get("self_approval_disabled") and who.email == flow["email"]:
        raise permission_denied(NO_SELF_APPROVAL)
    groups = wanted.get("user_groups_required") or []
    if groups and not set(groups) & set(rights.find(parts.database, flow["workspace_id"], who.username).groups):
        raise permission_denied(NOT_IN_GROUPS.format(", ".join(groups)))


def check_owner(parts: Context, flow: Row, who: Identity) -> None:
    """Raise Failure 403 for somebody who does not own the flow's path and did not start the flow."""
    if who.is_admin or flow["created_by"] == who.username:
        return
    found = rights.find(parts.database, flow["workspace_id"], who.username)
    if not rights.owns(flow["path"] or "", who.username, found.groups, found.owned):
        raise permission_denied(f"User {who.username} is not an owner of {flow['path'] or 'this flow'}")


def asked(flow: Row) -> dict[str, Any]:
    """The `suspend` of the step that asks, as the flow's document has it."""
    module = waiting(flow)
    if module is None or flow["raw_flow"] is None:
        return {}
    step = json.loads(flow["flow_status"])["step"] - 1
    modules = read_flow(flow["raw_flow"]).modules
    suspend = modules[step].suspend if 0 <= step < len(modules) else None
    return {} if suspend is None else {"resume_form": suspend.resume_form, "hide_cancel": suspend.hide_cancel}
