"""Creating flows and their versions, archiving and deleting them.

As for scripts, the header `X-Flexwm-Interpreter` names the Python whose packages the python3 steps are to see.

Unlike Windmill, no dependency job runs: a version can be run as soon as it is stored, and every deployment message is
kept.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.flows import new_flow
from flexwm_nb.server.flows.new_flow import NewFlow
from flexwm_nb.server.schedules import scheduler
from flexwm_nb.server.scripts import interpreters
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import Failure, bad_request, missing
from flexwm_nb.server.web.http import body, context, empty, identity, number, path, plain, workspace

OF_A_SCHEDULE = (
    "Bad config: A flow cannot have the same path as a schedule if the schedule does not trigger that same flow: {}"
)


class Archived(msgspec.Struct):
    """Whether a flow is to be out of use."""

    archived: bool | None = None


class Message(msgspec.Struct):
    """A new deployment message."""

    deployment_msg: str | None = None


async def _read(request: Request) -> tuple[NewFlow, dict[str, Any]]:
    """The flow that is sent, and its row."""
    new = await body(request, NewFlow)
    new_flow.check(new)
    row = new_flow.stored(new, identity(request))
    row.update(workspace=workspace(request), now=now(), interpreter=interpreters.requested(request))
    return new, row


async def create(request: Request) -> Response:
    """A new flow; its path."""
    new, row = await _read(request)
    where = workspace(request)

    def change(transaction: Transaction) -> None:
        if transaction.one("flows_exists", workspace=where, path=new.path):
            raise bad_request(f"Flow {new.path} already exists")
        paths.check(new.path, "flow")
        _check_schedule(transaction, where, new.path)
        row["version_id"] = _insert_version(transaction, row)
        transaction.run("flows_insert", **row)

    await context(request).database.write(change)
    return plain(new.path, 201)


def _insert_version(transaction: Transaction, row: dict[str, Any]) -> int:
    found = transaction.one("flows_insert_version", **row)
    assert found is not None
    return int(found["id"])


def _check_schedule(transaction: Transaction, where: str, name: str) -> None:
    """Refuse the path of a schedule that runs something else."""
    if transaction.one("flows_other_schedule", workspace=where, path=name):
        raise Failure(500, OF_A_SCHEDULE.format(name))


async def update(request: Request) -> Response:
    """A new version of a flow, which may take another path; that path."""
    new, row = await _read(request)
    where, name = workspace(request), path(request)

    def change(transaction: Transaction) -> bool:
        if transaction.one("flows_exists", workspace=where, path=name) is None:
            raise missing("Flow", name)
        if new.path != name:
            _move(transaction, where, name, new.path)
        row["version_id"] = _insert_version(transaction, row)
        transaction.run("flows_update", **row, old_path=name)
        return scheduler.retarget(transaction, where, name, is_flow=True, new_path=new.path)

    if await context(request).database.write(change):
        context(request).worker.look_again()
    return plain(new.path)


def _move(transaction: Transaction, where: str, name: str, new_path: str) -> None:
    """Let a flow's versions and stars follow it. Raises Failure 400."""
    paths.check(new_path, "flow")
    if transaction.one("flows_exists", workspace=where, path=new_path):
        raise bad_request(f"Flow {new_path} already exists")
    _check_schedule(transaction, where, new_path)
    for statement in ("flows_move_versions", "flows_move_stars"):
        transaction.run(statement, workspace=where, path=name, new_path=new_path)


async def archive(request: Request) -> Response:
    """Take a flow out of use, or bring it back; it need not exist."""
    wanted, where, name = await body(request, Archived), workspace(request), path(request)
    archived = wanted.archived is not False
    await context(request).database.write(
        lambda transaction: transaction.run("flows_set_archived", workspace=where, path=name, archived=archived)
    )
    return plain(f"Flow {name} archived")


async def delete(request: Request) -> Response:
    """Remove a flow with all versions; it need not exist."""
    where, name = workspace(request), path(request)

    def change(transaction: Transaction) -> None:
        for statement in ("flows_delete", "flows_delete_versions", "flows_delete_stars"):
            transaction.run(statement, workspace=where, path=name)

    await context(request).database.write(change)
    return plain(f"Flow {name} deleted")


async def update_message(request: Request) -> Response:
    """Change a version's deployment message."""
    new, where, version = await body(request, Message), workspace(request), number(request, "version")
    await context(request).database.write(
        lambda transaction: transaction.run(
            "flows_set_message", workspace=where, id=version, message=new.deployment_msg
        )
    )
    return empty()


async def toggle_error_handler(request: Request) -> Response:
    """Accepted without effect: Windmill's community edition mutes nothing either."""
    await request.body()
    raise bad_request(new_flow.MUTED)


FLOWS = "/w/{workspace}/flows"
routes = [
    Route(f"{FLOWS}/create", create, methods=["POST"]),
    Route(f"{FLOWS}/update/{{path:path}}", update, methods=["POST"]),
    Route(f"{FLOWS}/archive/{{path:path}}", archive, methods=["POST"]),
    Route(f"{FLOWS}/delete/{{path:path}}", delete, methods=["DELETE"]),
    Route(f"{FLOWS}/history_update/v/{{version}}", update_message, methods=["POST"]),
    Route(f"{FLOWS}/history_update/v/{{version}}/p/{{path:path}}", update_message, methods=["POST"]),
    Route(f"{FLOWS}/toggle_workspace_error_handler/{{path:path}}", toggle_error_handler, methods=["POST"]),
]
