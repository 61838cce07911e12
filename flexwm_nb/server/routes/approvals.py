"""Approvals: links that let a suspended flow go on or end, owners who do, and what a page about it shows."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.flows import approvals
from flexwm_nb.server.jobs import job_arguments, job_views
from flexwm_nb.server.jobs.job_ids import id_in_url
from flexwm_nb.server.jobs.records import FLOWS
from flexwm_nb.server.routes.user_states import job_row, storable
from flexwm_nb.server.store.connections import Row
from flexwm_nb.server.web import http
from flexwm_nb.server.web.failures import Failure, anyhow, internal, missing, unauthorized
from flexwm_nb.server.web.http import (
    Identity,
    as_json,
    body,
    context,
    empty,
    identity,
    optional_identity,
    plain,
    query,
    workspace,
)

OWNER = 0  # the number of an owner's approval
SENT = "resume request already sent"


class LinkQuery(msgspec.Struct):
    """Who is to approve, and whether any step's approval is meant."""

    approver: str | None = None
    flow_level: bool | None = None


class AnswerQuery(msgspec.Struct):
    """Who approves, and what is handed on."""

    approver: str | None = None
    payload: str | None = None  # base64 of JSON


class InfoQuery(msgspec.Struct):
    """The token of somebody without an account."""

    token: str | None = None


class Decision(msgspec.Struct):
    """What somebody decided about a suspended flow."""

    payload: Any = None
    approval_token: str | None = None
    approved: bool = True


def _numbers(request: Request) -> tuple[str, int]:
    """The job and the number of the approval in the path. Raises Failure 400."""
    return id_in_url(request.path_params["job"], "job_id"), http.number(request, "resume_id", "u32")


async def resume_urls(request: Request) -> Response:
    """The links that approve and disapprove, and that of the page about it."""
    (job, number), wanted = _numbers(request), query(request, LinkQuery)
    parts, where, row = context(request), workspace(request), job_row(request, job)
    flow = job if row["kind"] in FLOWS else row["parent_job"] or job
    subject = flow if wanted.flow_level else job
    signed = approvals.signature(parts, where, subject, number, wanted.approver)
    end = f"?approver={quote(wanted.approver, safe='')}" if wanted.approver else ""
    base = parts.lifecycle.url
    links = {
        name: f"{base}/api/w/{where}/jobs_u/{name}/{subject}/{number}/{signed}{end}" for name in ("cancel", "resume")
    }
    page = f"{base}/approve/{where}/{flow}?token={approvals.token(parts, where, flow)}"
    return as_json({"approvalPage": page, **links})


async def job_signature(request: Request) -> Response:
    """The signature that such a link carries."""
    (job, number), wanted = _numbers(request), query(request, LinkQuery)
    return plain(approvals.signature(context(request), workspace(request), job, number, wanted.approver))


def _signed(request: Request) -> tuple[str, int, str | None]:
    """The job, number and approver of a link whose signature is right. Raises Failure 500."""
    (job, number), wanted = _numbers(request), query(request, AnswerQuery)
    given = request.path_params["signature"]
    approvals.check_signature(context(request), workspace(request), job, number, wanted.approver, given)
    return job, number, wanted.approver


async def _value(request: Request) -> Any:
    """What an approval hands on: the body of a POST, the payload of a GET."""
    if request.method == "POST":
        return job_arguments.parse((await http.json_bytes(request)).decode())
    payload = query(request, AnswerQuery).payload
    try:
        padded = (payload or "").replace("-", "+").replace("_", "/")
        return json.loads(base64.b64decode(padded + "=" * (-len(padded) % 4))) if payload else None
    except ValueError as error:
        raise internal(f"Impossible to decode query payload: {error}") from None


async def _answer(request: Request, *, approved: bool) -> Response:
    """Store what the holder of a link decided."""
    job, number, approver = _signed(request)
    value, who = await _value(request), optional_identity(request)
    flow = approvals.flow_of(context(request), workspace(request), job)
    name = approver or (who.username if who else None)
    await _send(request, flow, job=job, number=number, value=value, approver=name, approved=approved)
    return empty(201)


async def _send(
    request: Request, flow: Row, *, job: str, number: int, value: Any, approver: str | None, approved: bool
) -> None:
    stored = await context(request).flows.resume(
        flow["id"], job=job, resume_id=number, value=storable(value), approver=approver or "", approved=approved
    )
    if not stored:
        raise anyhow(SENT)


async def resume(request: Request) -> Response:
    """Approve by link."""
    return await _answer(request, approved=True)


async def cancel(request: Request) -> Response:
    """Disapprove by link."""
    return await _answer(request, approved=False)


async def get_flow(request: Request) -> Response:
    """The flow that a link is about, and who has approved so far."""
    job, _, _ = _signed(request)
    parts, where = context(request), workspace(request)
    row = job_row(request, job)
    flow = job if row["kind"] in FLOWS else row["parent_job"]
    whole = parts.database.one("job_read", workspace=where, id=flow)
    if whole is None:
        raise missing("Flow job", flow)
    found = {"job": job_views.document(whole), "approvers": approvals.approvers(parts, where, flow)}
    return as_json({**found, "view_token": approvals.view_token(parts, where, flow)})


async def resume_as_owner(request: Request) -> Response:
    """Approve as the owner of the flow."""
    who, parts, job = identity(request), context(request), id_in_url(request.path_params["job"], "id")
    raw = await request.body()
    value = job_arguments.parse(raw.decode()) if raw else {}
    flow = approvals.flow_of(parts, workspace(request), job)
    approvals.check_owner(parts, flow, who)
    asking = approvals.asking_job(flow)
    approvals.check(parts, flow, who)
    await _send(request, flow, job=asking, number=OWNER, value=value, approver=who.username, approved=True)
    return empty(201)


async def resume_suspended(request: Request) -> Response:
    """Approve or disapprove with an account, or with the flow's token."""
    wanted, who, parts = await body(request, Decision), optional_identity(request), context(request)
    job = id_in_url(request.path_params["job"], "job_id")
    _admit(request, job, who, wanted.approval_token)
    flow = approvals.flow_of(parts, workspace(request), job)
    asking = approvals.asking_job(flow)
    approvals.check(parts, flow, who)
    name = who.username if who else None
    await _send(request, flow, job=asking, number=OWNER, value=wanted.payload, approver=name, approved=wanted.approved)
    return empty(201)


def _admit(request: Request, flow: str, who: Identity | None, given: str | None) -> None:
    """Refuse those who have neither an account nor the token. Raises Failure 401 and 403."""
    if approvals.is_token(context(request), workspace(request), flow, given):
        return
    if who is None:
        raise unauthorized()
    row = job_row(request, flow)
    if not (approvals.conditions(row) or {}).get("user_groups_required"):
        approvals.check_owner(context(request), row, who)


async def approval_info(request: Request) -> Response:
    """What a page shows that asks for an approval."""
    wanted, who, parts = query(request, InfoQuery), optional_identity(request), context(request)
    job, where = id_in_url(request.path_params["job"], "job_id"), workspace(request)
    if who is None and not approvals.is_token(parts, where, job, wanted.token):
        raise unauthorized()
    flow = approvals.flow_of(parts, where, job)
    asked, limits = approvals.asked(flow), approvals.conditions(flow)
    found = {
        "flow_id": flow["id"],
        "form_schema": asked.get("resume_form"),
        **_described(request, flow),
        "approval_conditions": limits,
        "can_approve": _may(request, flow, who, wanted.token),
        "user_auth_required": bool(limits and limits.get("user_auth_required")),
        "hide_cancel": asked.get("hide_cancel"),
        "approvers": approvals.approvers(parts, where, flow["id"]),
    }
    optional = ("form_schema", "description", "default_args", "enums", "approval_conditions", "hide_cancel")
    return as_json(http.without_nulls(found, optional))


def _described(request: Request, flow: Row) -> dict[str, Any]:
    """What the asking step returned for the page."""
    module = approvals.waiting(flow)
    row = module and context(request).database.one("job_outcome", workspace=workspace(request), id=module["job"])
    result = json.loads(row["result"] or "null") if row else None
    fields = result if isinstance(result, dict) else {}
    return {name: fields.get(name) for name in ("description", "default_args", "enums")}


def _may(request: Request, flow: Row, who: Identity | None, given: str | None) -> bool:
    """Whether the reader may approve."""
    if approvals.waiting(flow) is None:
        return False
    try:
        _admit(request, flow["id"], who, given)
        approvals.check(context(request), flow, who)
    except Failure:
        return False
    return True


JOBS, PUBLIC = "/w/{workspace}/jobs", "/w/{workspace}/jobs_u"
BOTH = ["GET", "POST"]
routes = [
    Route(f"{JOBS}/resume_urls/{{job}}/{{resume_id}}", resume_urls, methods=["GET"]),
    Route(f"{JOBS}/job_signature/{{job}}/{{resume_id}}", job_signature, methods=["GET"]),
    Route(f"{PUBLIC}/resume/{{job}}/{{resume_id}}/{{signature}}", resume, methods=BOTH),
    Route(f"{PUBLIC}/cancel/{{job}}/{{resume_id}}/{{signature}}", cancel, methods=BOTH),
    Route(f"{PUBLIC}/get_flow/{{job}}/{{resume_id}}/{{signature}}", get_flow, methods=["GET"]),
    Route(f"{JOBS}/flow/resume/{{job}}", resume_as_owner, methods=["POST"]),
    Route(f"{PUBLIC}/flow/resume_suspended/{{job}}", resume_suspended, methods=["POST"]),
    Route(f"{PUBLIC}/flow/approval_info/{{job}}", approval_info, methods=["GET"]),
]
