"""Flows: registering, finding, comparing, starting and removing them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict, FlowNotFound, InvalidInput, InvalidPath, NotFound, ScriptNotFound
from flexwm_nb.execution import Execution
from flexwm_nb.models.deployed_flows import (
    DeployedFlow,
    FlowHistoryItem,
    FlowRegistration,
    FlowSummary,
    FlowVersion,
)
from flexwm_nb.models.scripts import ScriptVersion
from flexwm_nb.services.paths import quoted
from flexwm_nb.services.references import Reference

if TYPE_CHECKING:  # building and checking flows takes modules that few programs need: they are loaded when used
    from flexwm_nb.flows.builder import Flow
    from flexwm_nb.flows.problems import Problem
    from flexwm_nb.services.protocols import ExecutionManager, ScriptManager

RACES = 3  # times that another may make the flow first


class FlowService:
    """The flows of one workspace. References are `PATH`, `PATH@v2` or `PATH@2026-11-01`."""

    def __init__(self, client: Client, *, scripts: ScriptManager, executions: ExecutionManager) -> None:
        """Work through this client; `scripts` resolves the versions that steps name, `executions` starts jobs."""
        self._client, self._scripts, self._executions = client, scripts, executions

    def register(
        self,
        flow: Flow | Mapping[str, Any],
        path: str | None = None,
        *,
        deployment_message: str | None = None,
        check: bool = True,
    ) -> FlowRegistration:
        """Make a flow the current version at its path; nothing happens when it is that already.

        It is checked first, against the schemas of the scripts and flows that it names. Raises InvalidFlow with every
        problem, InvalidPath, ScriptNotFound for a version that is not there, Conflict for a flow that somebody else
        has changed since it was opened, and what the engine refuses.
        """
        from flexwm_nb.flows.builder import Flow

        based_on = flow.based_on if isinstance(flow, Flow) and path in (None, flow.path) else None
        made = self._register(*self._read(flow, path), deployment_message, check=check, based_on=based_on)
        if isinstance(flow, Flow) and flow.based_on is not None:
            flow.based_on = made.id
        return made

    def _register(
        self, path: str, document: dict[str, Any], message: str | None, *, check: bool, based_on: int | None
    ) -> FlowRegistration:
        from flexwm_nb.services import flow_documents

        for attempt in range(1, RACES + 1):
            current = self._newest(path)
            if current is not None and not flow_documents.differs(document, current):
                return self._told(path, document, "unchanged")
            if based_on is not None and current is not None and current.version_id not in (None, based_on):
                raise _changed(path)
            warnings = [] if not check else self.check(document, path)
            try:
                return self._send(path, document, current, message, warnings)
            except Conflict:
                if attempt == RACES or current is not None:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def check(self, flow: Flow | Mapping[str, Any], path: str | None = None) -> builtins.list[Problem]:
        """Raise InvalidFlow with everything that is wrong with a flow; give what is doubtful."""
        from flexwm_nb.flows.validation import check

        document = flow if isinstance(flow, Mapping) else flow.to_document()
        return check(document, _Schemas(self._scripts, self).find, path=path or getattr(flow, "path", None))

    def get(self, reference: str) -> DeployedFlow:
        """A version of a flow. Raises FlowNotFound and InvalidInput."""
        wanted = Reference.parse(reference)
        if wanted.version is None:
            return self._current(wanted.path)
        version = self.resolve(reference)
        try:
            return self._client.read(DeployedFlow, self._url(f"get/v/{version.id}/p", version.path))
        except NotFound as error:
            raise _missing(error, reference) from None

    def open(self, reference: str) -> Flow:
        """A version as a flow that can be changed and registered again. Raises FlowNotFound and InvalidInput."""
        from flexwm_nb.flows.builder import Flow
        from flexwm_nb.services import flow_documents

        found = self.get(reference)
        flow = Flow.read(flow_documents.of_version(found), found.path)
        if Reference.parse(reference).version is None:  # an older one may be meant to come back
            flow.based_on = found.version_id
        return flow

    def resolve(self, reference: str) -> FlowVersion:
        """Which version a reference means. Raises FlowNotFound and InvalidInput."""
        wanted = Reference.parse(reference)
        history = self.history(wanted.path)
        if wanted.hash:
            raise InvalidInput(f"{wanted.version!r} names no version of a flow", remedy="Write PATH@v2")
        numbers = [
            ScriptVersion(path=found.path, hash=str(found.id), number=found.number, created_at=found.created_at)
            for found in history
        ]
        try:
            number = wanted.find(numbers).number
        except ScriptNotFound as error:
            raise FlowNotFound(error.what, remedy=error.remedy, path=wanted.path) from None
        return next(found for found in history if found.number == number)

    def exists(self, path: str) -> bool:
        """Whether a flow is there that is not archived."""
        found = self._newest(path)
        return found is not None and not found.archived

    def list(
        self, path_start: str | None = None, *, archived: bool = False, limit: int | None = None
    ) -> builtins.list[FlowSummary]:
        """The flows, newest first; only the archived ones where they are asked for."""
        return self._client.read_all(
            FlowSummary,
            f"{self._client.workspace}/flows/list",
            path_start=path_start,
            show_archived=archived or None,
            per_page=limit,
        )

    def history(self, path: str) -> builtins.list[FlowVersion]:
        """All versions, newest first; the oldest is number 1. Raises FlowNotFound."""
        items = self._client.read_all(FlowHistoryItem, self._url("history/p", path))
        if not items:
            raise missing(path)
        return [
            FlowVersion(
                path=path,
                id=item.id,
                number=len(items) - index,
                created_at=item.created_at,
                deployment_message=item.deployment_message,
            )
            for index, item in enumerate(items)
        ]

    def diff(self, reference: str, other: str | None = None) -> str:
        """What changed, as YAML, from `other` to `reference`; without `other`, since the version before.

        Raises FlowNotFound and InvalidInput.
        """
        new = self.resolve(reference)
        if other is None:
            old = next((found for found in self.history(new.path) if found.number == new.number - 1), None)
        else:
            old = self.resolve(other if "/" in other else f"{new.path}@{other}")
        before, after = ("" if found is None else self.open(str(found)).to_yaml() for found in (old, new))
        name = "/dev/null" if old is None else str(old)
        return "\n".join(unified_diff(before.splitlines(), after.splitlines(), name, str(new), lineterm=""))

    def archive(self, path: str, *, archived: bool = True) -> None:
        """Take a flow out of use, or bring it back; its versions stay. Raises FlowNotFound."""
        if self._newest(path) is None:
            raise missing(path)
        self._client.post(self._url("archive", path), {"archived": archived})

    def delete(self, path: str) -> None:
        """Remove a flow with all its versions. Raises FlowNotFound."""
        if self._newest(path) is None:
            raise missing(path)
        self._client.delete(self._url("delete", path))

    def submit(
        self,
        reference: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        scheduled_for: datetime | None = None,
    ) -> Execution:
        """Start a flow and return at once. With a `job_id` of yours, starting it twice starts it once.

        Raises FlowNotFound and InvalidArguments.
        """
        wanted = Reference.parse(reference)
        version = None if wanted.version is None else self.resolve(reference).id
        return self._executions.submit_flow(
            wanted.path,
            arguments,
            version=version,
            job_id=job_id,
            timeout=timeout,
            tag=tag,
            scheduled_for=scheduled_for,
        )

    def preview(
        self,
        flow: Flow | Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        check: bool = True,
    ) -> Execution:
        """Start a flow that is not registered. Raises InvalidFlow and InvalidArguments."""
        name, document = self._document(flow, path)
        if check:
            self.check(document, name)
        return self._executions.preview_flow(document["value"], arguments, path=name, job_id=job_id)

    def run(self, reference: str, /, **arguments: Any) -> Any:
        """Run a flow and wait for its result. Raises as `submit` and as `Execution.result`."""
        return self.submit(reference, arguments).result()

    def _url(self, verb: str, path: str) -> str:
        return f"{self._client.workspace}/flows/{verb}/{quoted(path)}"

    def _read(self, flow: Flow | Mapping[str, Any], path: str | None) -> tuple[str, dict[str, Any]]:
        """Path and document of what is to be registered. Raises InvalidPath where it has none."""
        name, document = self._document(flow, path)
        if not name:
            raise InvalidPath("The flow has no path", remedy="Give it one: Flow('f/FOLDER/NAME')")
        return name, document

    def _document(self, flow: Flow | Mapping[str, Any], path: str | None) -> tuple[str | None, dict[str, Any]]:
        """Path and document, its scripts' versions named by their hashes."""
        from flexwm_nb.flows.builder import Flow
        from flexwm_nb.services import flow_documents

        found = Flow.read(flow, path) if isinstance(flow, Mapping) else flow
        return path or found.path, flow_documents.resolved(found.to_document(), self._hash)

    def _hash(self, reference: str) -> str:
        return self._scripts.resolve(reference).hash

    def _newest(self, path: str) -> DeployedFlow | None:
        """The newest version, also of an archived flow."""
        try:
            return self._client.read(DeployedFlow, self._url("get", path))
        except NotFound as error:
            if type(error) not in (NotFound, FlowNotFound):
                raise
            return None

    def _current(self, path: str) -> DeployedFlow:
        found = self._newest(path)
        if found is None:
            raise missing(path)
        if found.archived:
            remedy = f"Register it again, or name a version of it, such as {path}@v1"
            raise FlowNotFound(f"The flow {path} is archived", remedy=remedy, path=path)
        return found

    def _send(
        self,
        path: str,
        document: dict[str, Any],
        current: DeployedFlow | None,
        message: str | None,
        warnings: builtins.list[Problem],
    ) -> FlowRegistration:
        """Make the next version. Raises Conflict when another made the first one meanwhile."""
        from flexwm_nb.services import flow_documents

        body = flow_documents.sent(document, path, message)
        said = tuple(map(str, warnings))
        if current is None:
            self._client.post(f"{self._client.workspace}/flows/create", body)
            return self._told(path, document, "registered", warnings=said)
        self._client.post(self._url("update", path), body)
        if current.archived:
            self._client.post(self._url("archive", path), {"archived": False})
        added, removed = flow_documents.changed_lines(flow_documents.of_version(current), document)
        return self._told(path, document, "updated", warnings=said, added=added, removed=removed)

    def _told(self, path: str, document: Mapping[str, Any], status: str, **more: Any) -> FlowRegistration:
        newest = self.history(path)[0]
        before = newest.number - 1 if status == "updated" else None
        steps = len(document["value"]["modules"])
        return FlowRegistration(
            path=path,
            id=newest.id,
            number=newest.number,
            status=status,
            steps=steps,
            previous_number=before or None,
            **more,
        )


class _Schemas:
    """What the scripts and flows that a flow names take, each asked for once."""

    def __init__(self, scripts: ScriptManager, flows: FlowService) -> None:
        self._scripts, self._flows = scripts, flows
        self._known: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def find(self, kind: str, reference: str) -> Mapping[str, Any] | None:
        """The schema; None where there is nothing, or nothing is known."""
        if (kind, reference) not in self._known:
            self._known[kind, reference] = self._find(kind, reference)
        return self._known[kind, reference]

    def _find(self, kind: str, reference: str) -> Mapping[str, Any] | None:
        if reference.startswith("hub/"):
            return None
        try:
            return self._flows.get(reference).schema if kind == "flow" else self._scripts.get(reference).schema
        except (NotFound, InvalidInput):
            return None


def _changed(path: str) -> Conflict:
    remedy = "Open it again and change that, or set its based_on to None to replace what is there"
    return Conflict(f"The flow {path} was changed since it was opened", remedy=remedy, path=path)


def missing(path: str) -> FlowNotFound:
    """The error about a path where there is nothing."""
    return FlowNotFound(f"There is no flow {path}", path=path)


def _missing(error: NotFound, reference: str) -> NotFound:
    return missing(reference) if type(error) in (NotFound, FlowNotFound) else error
