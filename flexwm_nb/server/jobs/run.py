"""One run of a job: from its start on a worker to its end, which the worker stores."""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from flexwm_nb.errors import FlexwmError
from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs import environment, interpolation, locks, outcomes, temporary_scripts
from flexwm_nb.server.jobs.queue import cache_key
from flexwm_nb.server.jobs.records import Ending, Job, Status
from flexwm_nb.server.runners.base import RunRequest
from flexwm_nb.server.web.failures import Failure
from flexwm_nb.server.web.http import Identity

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context
    from flexwm_nb.server.runners.stages import Begun
    from flexwm_nb.server.store.connections import Row, Transaction

MARKERS = ("$var:", "$jsonvar:", "$res:", "$encrypted:")
TOKEN_GRACE = 5.0  # seconds that a job's token outlives it
FIRST_WORDS = 0.2  # seconds that a job has run before a cancel ends it, so that its log shows how far it came
HOST = platform.node()
PLAIN = "plain"  # the level of isolation that is none in Windmill's words
ON_PROCESS = frozenset({"script", "preview"})  # kinds of jobs that run a source

log = logging.getLogger(__name__)


class Refusal(Exception):
    """The job cannot be started; the text stands in its error."""


class Run:
    """A job that has been claimed."""

    def __init__(self, context: Context, job: Job) -> None:
        """Prepare its log; `execute` runs it."""
        self.job = job
        self.canceled: tuple[str, str] | None = None  # by whom, why
        self._context = context
        self._log = context.logs.open(job.id, taken_up=job.attempt > 1)
        self._level = context.runners.confinement.level if job.kind in ON_PROCESS else None
        isolation = self._level if self._level not in (None, PLAIN) else "none"  # Windmill's word
        self._head = f"job={job.id} tag={job.tag} worker={job.worker} hostname={HOST} isolation={isolation}\n"
        self._log.append(self._head)
        self._token = ""
        self._temporary = temporary_scripts.named(job)
        self._ready: asyncio.Task[Begun] | None = None
        self._process: Begun | None = None
        self._forced: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[Ending] | None = None
        self._began = self._launched = time.monotonic()

    @property
    def stream(self) -> str:
        """What the job has streamed of its result so far."""
        return "" if self._process is None else self._process.stream

    def prepare(self) -> None:
        """Get the job's process ready while the job is still being stored; nothing of it runs before `execute`."""
        if self.job.kind in ON_PROCESS and not self.job.cache_ttl:
            self._ready = asyncio.ensure_future(self._launch())

    async def discard(self) -> None:
        """Let go of what was prepared: the job could not be stored."""
        if self._ready is not None:
            with suppress(Refusal, FlexwmError, OSError):
                (await self._ready).terminate("the job was refused")
            self._context.job_tokens.pop(self._token, None)

    async def execute(self) -> Ending:
        """Run the job; its end, however it came about. Never raises but when cancelled."""
        self._task = asyncio.ensure_future(self._work())
        await asyncio.wait({self._task, self._forced}, return_when=asyncio.FIRST_COMPLETED)
        return self._forced.result() if self._forced.done() else self._task.result()

    async def _work(self) -> Ending:
        """Run the job by its kind."""
        try:
            return await self._by_kind()
        except Refusal as refusal:
            return self._ending("failure", outcomes.execution(str(refusal)))
        except (FlexwmError, OSError) as error:
            return self._ending("failure", outcomes.execution(f"Internal: {error}"))
        except Exception:
            log.exception("job %s could not be run", self.job.id)
            text = "Internal: the engine could not run this job; its log (server.log) tells more"
            return self._ending("failure", outcomes.execution(text))

    async def _by_kind(self) -> Ending:
        job = self.job
        if job.kind in ("identity", "noop"):
            previous = json.loads(job.arguments).get("previous_result", {}) if job.kind == "identity" else {}
            return self._ending("success", json.dumps(previous, ensure_ascii=False))
        if job.cache_ttl and (kept := self._kept()) is not None:
            self._log.append(f"Job skipped, its result is taken from cache (kept for {job.cache_ttl} s)")
            return self._ending("success", kept)
        return await self._on_process()

    def _kept(self) -> str | None:
        """The result of an earlier run of the same source with the same arguments."""
        row = self._context.database.one(
            "jobs_cached", workspace=self.job.workspace_id, key=cache_key(self.job), now=now()
        )
        return None if row is None else str(row["result"])

    async def _on_process(self) -> Ending:
        """Run the job's source in a process of its own."""
        try:
            process = self._process = await (self._ready or self._launch())
            if self.job.timeout == 0:
                self._end_process(outcomes.TIMED_OUT, grace=False)
            process.begin()
            self._launched = time.monotonic()
            self._end_canceled()
            timer = self._arm()
            outcome = await process.outcome()
            if timer is not None:
                timer.cancel()
        finally:
            loop = asyncio.get_running_loop()
            loop.call_later(TOKEN_GRACE, self._context.job_tokens.pop, self._token, None)
        if self.job.kind == locks.KIND:
            await locks.keep(self._context, self.job, outcome)
        if outcome.arguments is not None:
            await self._keep_arguments(outcome.arguments)
        success, result, labels = outcomes.interpret(outcome.success, outcome.result)
        if success:
            return self._ending("success", result, labels, outcome.memory_peak_kb, outcome.columns)
        status: Status = "failure" if self.canceled is None else "canceled"
        return self._ending(status, result, labels, outcome.memory_peak_kb)

    async def _keep_arguments(self, arguments: str) -> None:
        """Store what a preprocessor made of what the job was given."""

        def change(transaction: Transaction) -> None:
            transaction.run("flow_runs_set_arguments", id=self.job.id, arguments=arguments)
            transaction.run("flow_runs_preprocessed", id=self.job.id)

        await self._context.database.write(change)

    def _arm(self) -> asyncio.TimerHandle | None:
        """End the process when its time is over."""
        if self.job.timeout is None:
            return None
        left = self.job.timeout - (time.monotonic() - self._began)
        return asyncio.get_running_loop().call_later(max(left, 0.0), self._end_process, outcomes.TIMED_OUT)

    async def _launch(self) -> Begun:
        """Get the process ready. Raises Refusal."""
        token = self._token = self._issue_token()
        job, base_url = self.job, self._context.lifecycle.url
        own = self._context.database.read("workspaces_environment", workspace=job.workspace_id)
        variables = {row["name"]: row["value"] for row in own} | environment.contextual(
            job, base_url=base_url, token=token, flow_path=self._context.flows.path_above(job)
        )
        source = self._source()
        request = RunRequest(
            job_id=job.id,
            language=job.language or "",
            content=source["content"],
            lock=source["lock"],
            scripts=self._script,
            temporary=self._temporary,
            preprocess=job.preprocessed is not None and not job.preprocessed,
            dedicated=bool(source["dedicated_worker"]),
            workspace=job.workspace_id,
            log_head=self._head,
            path=job.path,
            arguments=await self._arguments(variables),
            entrypoint=job.entrypoint,
            environment=environment.build(job, variables, base_url=base_url),
            interpreter=job.interpreter,
            flow_step_id=job.flow_step_id,
            shared=job.root_job if job.same_worker else None,
        )
        if job.kind == locks.KIND:
            return self._context.runners.prepare_lock(request, self._log.append)
        return await self._context.runners.prepare(request, self._log.append)

    def _source(self) -> Row:
        """What is run, with its lock. Raises Refusal."""
        job = self.job
        if job.hash is None:
            return {"content": job.raw_code or "", "lock": job.raw_lock, "dedicated_worker": False}
        row = self._context.database.one("jobs_script_content", workspace=job.workspace_id, hash=job.hash)
        if row is None:
            raise Refusal(f"Not found: Script {job.path} is not there any more. Register it and run it again")
        return row

    def _script(self, path: str) -> str | None:
        """The source of a script of the job's workspace, or what stands there for this job alone."""
        kept = temporary_scripts.source(self._context.database, self.job.workspace_id, self._temporary.get(path))
        if kept is not None:
            return kept
        row = self._context.database.one("script_reads_source", workspace=self.job.workspace_id, path=path)
        return None if row is None else str(row["content"])

    async def _arguments(self, variables: dict[str, str]) -> str:
        """The arguments with what they refer to put in. Raises Refusal."""
        text = temporary_scripts.seen(self.job.arguments)
        if not any(marker in text for marker in MARKERS):
            return text
        try:
            found = await interpolation.interpolate(
                self._context, self.job.workspace_id, json.loads(text), contextual=variables
            )
        except Failure as failure:
            raise Refusal(failure.text) from None
        return json.dumps(found, ensure_ascii=False)

    def _issue_token(self) -> str:
        """A token that lets the job act as its owner."""
        job = self.job
        row = self._account()
        super_admin = bool(row.get("super_admin"))
        token = f"jwt_{secrets.token_urlsafe(32)}"
        self._context.job_tokens[token] = Identity(
            email=job.email,
            username=job.permissioned_as.partition("/")[2],
            is_admin=bool(row.get("is_admin")) or super_admin,
            super_admin=super_admin,
            workspace=job.workspace_id,
            job_id=job.id,
            role=row.get("role"),
        )
        return token

    def _account(self) -> Row:
        """What the job's owner may do, remembered until something about people changes."""
        key = (self.job.workspace_id, self.job.email)
        known = self._context.accounts.get(key)
        if known is None:
            known = self._context.database.one("jobs_account", workspace=key[0], email=key[1]) or {}
            self._context.accounts[key] = known
        return known

    def cancel(self, by: str, reason: str) -> None:
        """Have the process ended; the first wish counts."""
        if self.canceled is None:
            self.canceled = (by, reason)
            self._end_canceled()

    def _end_canceled(self) -> None:
        """End the process, if it runs yet, after its first moments."""
        if self.canceled is not None and self._process is not None:
            left = FIRST_WORDS - (time.monotonic() - self._launched)
            text = outcomes.terminated(*self.canceled)
            asyncio.get_running_loop().call_later(max(left, 0.0), self._end_process, text)

    def force(self, by: str, reason: str) -> None:
        """End the job now, whatever its process does."""
        self.canceled = (by, reason)
        self._end_process(outcomes.terminated(by, reason), grace=False)
        if not self._forced.done():
            self._forced.set_result(self._ending("canceled", outcomes.canceled(by, reason)))

    def kill(self) -> None:
        """End the process for the engine's own stop."""
        self._end_process("the engine stopped", grace=False)

    def _end_process(self, reason: str, *, grace: bool = True) -> None:
        if self._process is None:
            return
        seconds, farewell = self._context.runners.grace(self.job.language or "") if grace else (0.0, "")
        if farewell:
            self._log.append(farewell)
        self._process.terminate(reason, grace=seconds)

    def _ending(
        self,
        status: Status,
        result: str,
        labels: str | None = None,
        mem_peak: int | None = None,
        columns: str | None = None,
    ) -> Ending:
        by, reason = self.canceled if status == "canceled" and self.canceled else (None, None)
        return Ending(
            status=status,
            result=result,
            completed_at=now(),
            duration_ms=round((time.monotonic() - self._began) * 1_000),
            canceled_by=by,
            canceled_reason=reason,
            labels=labels,
            mem_peak=mem_peak,
            columns=columns,
            log=self._log.short(),
            isolation=None if self._process is None or self._process.pid is None else self._level,
        )
