"""Executions: starting jobs and reading about them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from flexwm_nb.client.client import Client
from flexwm_nb.client.encoding import encode, encode_arguments
from flexwm_nb.client.identifiers import new_id
from flexwm_nb.errors import Conflict, FlowNotFound, InvalidInput, NotFound, RequestRefused, ScriptNotFound
from flexwm_nb.execution import TIMEOUT, Execution, cancel_job, not_found, read_job, read_logs
from flexwm_nb.models.jobs import Job, JobCounts
from flexwm_nb.models.scripts import ScriptVersion
from flexwm_nb.services.mapping import Map, Mapped
from flexwm_nb.services.paths import quoted
from flexwm_nb.services.references import Reference

PAGE = 100  # jobs in a list
AT_ONCE = 10  # runs of a map
HISTORY_PAGE = 1_000  # jobs asked for at once
MANY = 10_000  # an engine's largest page
STARTERS = 8  # requests at once that start many jobs, where an engine takes one job a request
MOST_IN_CHUNK, LARGEST_CHUNK = 500, 4_000_000  # jobs and bytes of one request
UNROUTED = frozenset({404, 405})  # with an empty body: how engines answer a route that they do not have
RUNS = ("script", "preview", "flow", "flowpreview", "singlestepflow")  # what people start; not, say, dependency jobs
STATES: Mapping[str, Mapping[str, Any]] = {  # state -> the filter that finds it
    "queued": {"running": False},
    "running": {"running": True},
    "success": {"status": "success"},
    "failure": {"status": "failure"},
    "canceled": {"status": "canceled"},
}


class ExecutionService:
    """The jobs of one workspace."""

    def __init__(
        self,
        client: Client,
        *,
        resolve: Callable[[str], ScriptVersion],
        timeout: float = TIMEOUT,
        at_once: int = AT_ONCE,
    ) -> None:
        """Work through this client.

        `resolve` finds a script's version; `timeout` in seconds, of waits without one; `at_once` for maps without one.
        """
        self._client, self._resolve, self._timeout, self._at_once = client, resolve, timeout, at_once
        self._takes_many = True  # until an engine shows that it does not

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
        """Start a script and return at once. With a `job_id` of yours, starting it twice starts it once.

        `timeout` in seconds that the job may run. Raises ScriptNotFound and InvalidArguments.
        """
        target = self._target(reference)
        options = {"timeout": timeout, "tag": tag, "scheduled_for": scheduled_for and scheduled_for.isoformat()}
        options["skip_preprocessor"] = "true"  # the arguments are main's
        try:
            return self._start(f"run/{target}", encode_arguments(arguments or {}), job_id, **options)
        except NotFound as error:
            raise _script_not_found(error, reference) from None

    def preview(
        self,
        language: str,
        content: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        lock: str | None = None,
    ) -> Execution:
        """Start source that is not registered. Raises InvalidArguments and UnknownLanguage."""
        encode_arguments(arguments or {})
        body = {"language": language, "content": content, "args": dict(arguments or {}), "path": path}
        body |= {"tag": tag, "lock": lock}
        given = {name: value for name, value in body.items() if value is not None}
        return self._start("run/preview", encode(given), job_id, timeout=timeout)

    def submit_flow(
        self,
        path: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        job_id: str | None = None,
        timeout: int | None = None,
        tag: str | None = None,
        scheduled_for: datetime | None = None,
    ) -> Execution:
        """Start a flow, or the version of it that the engine knows by this number, and return at once.

        Raises FlowNotFound and InvalidArguments.
        """
        target = f"f/{quoted(path)}" if version is None else f"fv/{version}"
        options = {"timeout": timeout, "tag": tag, "scheduled_for": scheduled_for and scheduled_for.isoformat()}
        options["skip_preprocessor"] = "true"  # the arguments are the flow's
        try:
            return self._start(f"run/{target}", encode_arguments(arguments or {}), job_id, **options)
        except NotFound as error:
            if type(error) not in (NotFound, FlowNotFound):
                raise
            raise FlowNotFound(f"There is no flow {path}", path=path) from None

    def preview_flow(
        self,
        value: Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        *,
        path: str | None = None,
        job_id: str | None = None,
        tag: str | None = None,
    ) -> Execution:
        """Start a flow value that is not registered. Raises InvalidArguments."""
        encode_arguments(arguments or {})
        body = {"value": dict(value), "args": dict(arguments or {}), "path": path, "tag": tag}
        given = {name: item for name, item in body.items() if item is not None}
        return self._start("run/preview_flow", encode(given), job_id)

    def run(self, reference: str, /, **arguments: Any) -> Any:
        """Run a script and wait for its result. Raises as `submit` and as `Execution.result`."""
        return self.submit(reference, arguments).result()

    def submit_many(
        self,
        reference: str,
        inputs: Iterable[Mapping[str, Any]],
        *,
        timeout: int | None = None,
        tag: str | None = None,
    ) -> builtins.list[Execution]:
        """Start a script once for each input and return at once, as `submit` does.

        The local engine takes them all in a few requests; others take one each, some at a time. Nothing is started
        where an input cannot be sent. Raises ScriptNotFound and InvalidArguments.
        """
        bodies = [(new_id(), encode_arguments(arguments)) for arguments in inputs]
        target = self._target(reference)
        options = {"timeout": timeout, "tag": tag, "skip_preprocessor": "true"}  # the inputs are main's
        try:
            if not self._takes_many or not self._start_many(target, bodies, options):
                self._takes_many = False
                with ThreadPoolExecutor(STARTERS, thread_name_prefix="flexwm-submit") as pool:
                    list(pool.map(lambda body: self._start(f"run/{target}", body[1], body[0], **options), bodies))
        except NotFound as error:
            raise _script_not_found(error, reference) from None
        return [Execution(self._client, job_id, timeout=self._timeout) for job_id, _ in bodies]

    def map(
        self,
        reference: str,
        inputs: Iterable[Mapping[str, Any]],
        *,
        at_once: int | None = None,
        ordered: bool = True,
        timeout: int | None = None,
        tag: str | None = None,
    ) -> Iterator[Mapped]:
        """Run a script for each input, so many `at_once`, and give what came of each: in order, or as they end.

        A run that fails is an outcome too; leaving the iteration cancels what runs. Raises ScriptNotFound.
        """

        def start(arguments: Mapping[str, Any]) -> Execution:
            return self.submit(reference, arguments, timeout=timeout, tag=tag)

        return iter(Map(start, inputs, at_once or self._at_once, ordered))

    def attach(self, job_id: str) -> Execution:
        """The live handle of a job that was started before, here or elsewhere. Raises JobNotFound."""
        return Execution(self._client, job_id, timeout=self._timeout, job=self.get(job_id))

    def get(self, job_id: str) -> Job:
        """A job's record. Raises JobNotFound."""
        return read_job(self._client, job_id)

    def list(
        self,
        path: str | None = None,
        state: str | None = None,
        *,
        per_page: int = PAGE,
        created_before: datetime | None = None,
        created_after: datetime | None = None,
        path_start: str | None = None,
        created_by: str | None = None,
        kinds: Sequence[str] = RUNS,
        oldest_first: bool = False,
        **filters: Any,
    ) -> builtins.list[Job]:
        """The newest jobs, newest first; or the oldest, oldest first. More `filters` are Windmill's own.

        Raises InvalidInput for a state that is none.
        """
        if state is not None and state not in STATES:
            raise InvalidInput(f"{state!r} is no state of a job", remedy=f"Choose {', '.join(STATES)}")
        wanted = {
            "per_page": per_page,
            "script_path_exact": path,
            "script_path_start": path_start,
            "created_before": created_before and created_before.isoformat(),
            "created_after": created_after and created_after.isoformat(),
            "created_by": created_by,
            "job_kinds": ",".join(kinds) or None,
            **STATES.get(state or "", {}),
            **filters,
        }
        if oldest_first and "running" not in wanted:
            wanted |= self._oldest(wanted)
        found = self._client.read_all(Job, f"{self._client.workspace}/jobs/list", **wanted)
        found.sort(key=lambda job: (job.created_at is not None, job.created_at), reverse=not oldest_first)
        return found[:per_page]

    def _oldest(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What else to ask for, so that a list of all jobs, which begins with the newest, has the oldest ones.

        The list of those that have ended may begin with what ended first: the oldest were created no later than these.
        """
        path = f"{self._client.workspace}/jobs/completed/list"
        first = self._client.read_all(Job, path, **{**wanted, "order_desc": False})
        times = [job.created_at for job in first if job.created_at is not None]
        if len(times) < wanted["per_page"]:
            return {}  # all that have ended are on one page
        return {"created_before": max(times).isoformat(), "per_page": MANY}

    def history(self, path: str | None = None, state: str | None = None, **filters: Any) -> Iterator[Job]:
        """All jobs, newest first, asked for page by page. Raises as `list`."""
        known, before = set[str](), None
        while page := self.list(path, state, per_page=HISTORY_PAGE, created_before=before, **filters):
            fresh = [job for job in page if job.id not in known]
            yield from fresh
            oldest = page[-1].created_at
            if len(page) < HISTORY_PAGE or not fresh or oldest is None:
                return
            known, before = {job.id for job in page if job.created_at == oldest}, oldest

    def logs(self, job_id: str) -> str:
        """A job's log so far. Raises JobNotFound."""
        return read_logs(self._client, job_id)

    def cancel(self, job_id: str, reason: str | None = None, *, force: bool = False) -> None:
        """End a job; one that has ended stays as it is. Raises JobNotFound."""
        cancel_job(self._client, job_id, reason, force=force)

    def counts(self) -> JobCounts:
        """How many jobs wait, run and have ended."""
        jobs = f"{self._client.workspace}/jobs"
        queue = self._client.get(f"{jobs}/queue/count")
        running = self._client.get(f"{jobs}/queue/list", running=True, per_page=MANY)
        completed = self._client.get(f"{jobs}/completed/count")
        return JobCounts(
            waiting=queue["database_length"],
            suspended=queue.get("suspended") or 0,
            running=len(running),
            completed=completed["database_length"],
        )

    def delete(self, job_id: str) -> None:
        """Remove a completed job's result and log. Raises JobNotFound."""
        try:
            self._client.post(f"{self._client.workspace}/jobs/completed/delete/{job_id}")
        except NotFound as error:
            raise not_found(error, job_id) from None

    def _target(self, reference: str) -> str:
        """The part of the URL that names the script: the current version by path, others by hash."""
        wanted = Reference.parse(reference)
        if wanted.version is None:
            return f"p/{quoted(wanted.path)}"
        return f"h/{wanted.hash or self._resolve(reference).hash}"

    def _start_many(self, target: str, bodies: Sequence[tuple[str, bytes]], options: Mapping[str, Any]) -> bool:
        """Start them as only the local engine can; whether this engine can."""
        for chunk in chunks(bodies):
            members = b",".join(b'{"job_id":"%s","args":%s}' % (job_id.encode(), body) for job_id, body in chunk)
            path = f"{self._client.workspace}/flexwm/run_many/{target}"
            try:
                self._client.post(path, b'{"jobs":[%s]}' % members, repeat=True, **options)
            except RequestRefused as error:
                if error.details.get("body") or error.details.get("status") not in UNROUTED:
                    raise
                return False
        return True

    def _start(self, route: str, body: bytes, job_id: str | None, **options: Any) -> Execution:
        """Start a job under an id of ours, so that the request may be repeated when its answer is lost."""
        job_id = job_id or new_id()
        try:
            self._client.post(f"{self._client.workspace}/jobs/{route}", body, repeat=True, job_id=job_id, **options)
        except Conflict as error:
            if job_id not in str(error.details.get("body")):
                raise
        return Execution(self._client, job_id, timeout=self._timeout)


def chunks(bodies: Sequence[tuple[str, bytes]]) -> Iterator[Sequence[tuple[str, bytes]]]:
    """The jobs in parts that are not too large for a request."""
    start = size = 0
    for number, (_, body) in enumerate(bodies):
        if number > start and (size + len(body) > LARGEST_CHUNK or number - start == MOST_IN_CHUNK):
            yield bodies[start:number]
            start, size = number, 0
        size += len(body)
    if bodies:
        yield bodies[start:]


def _script_not_found(error: NotFound, reference: str) -> NotFound:
    if type(error) not in (NotFound, ScriptNotFound):
        return error
    return ScriptNotFound(f"There is no script {reference}", path=reference.partition("@")[0])
