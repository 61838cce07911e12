"""A run, live: wait for it, follow it, await it, cancel it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from flexwm_nb.client.client import Client
from flexwm_nb.client.events import UpdateStream
from flexwm_nb.errors import (
    EngineUnreachable,
    ExecutionError,
    ExecutionTimeout,
    FlexwmError,
    JobCanceled,
    JobFailed,
    JobNotFound,
    NotFound,
    ResultTooLarge,
)
from flexwm_nb.models.jobs import TOO_BIG, Job, JobUpdate, Span, State, spans_of
from flexwm_nb.result import Result

if TYPE_CHECKING:
    from flexwm_nb.models.flow_status import FlowStatus, StepRun

TIMEOUT = 300.0  # seconds that a wait takes when nothing else is said
LAST_LOOK = 1.0  # seconds for the engine's last word about a job for which nobody waits any longer
TOO_LARGE = "ResultTooLarge"  # the name of an engine's error
TIMED_OUT = "due to timeout"  # in the message of an engine's error
REMEDY_OF_WAIT = "It goes on; wait again, with a larger timeout, or cancel it"


class Execution:
    """The live handle of one job. Safe to use from many threads; `await` gives its result.

    It survives the engine's restart: what waits here goes on when the engine is back.
    """

    def __init__(self, client: Client, job_id: str, *, timeout: float = TIMEOUT, job: Job | None = None) -> None:
        """Follow this job. `timeout` in seconds, of waits that name none; `job` its record where it is known."""
        self.id = job_id
        self._client, self._timeout = client, timeout
        self._final = job if job is not None and job.done else None
        self._streams: WeakSet[UpdateStream] = WeakSet()

    def job(self) -> Job:
        """Its record now. Raises JobNotFound."""
        if self._final is not None:
            return self._final
        found = read_job(self._client, self.id)
        return self._ended(found) if found.done else found

    @property
    def state(self) -> State:
        """Where it stands: queued, running, success, failure or canceled."""
        return self.job().state

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.job().done

    def events(self, *, log_offset: int = 0, steps: bool = False) -> Iterator[JobUpdate]:
        """What happens to it, from its first log line on; the last one has `completed` and `job`.

        `log_offset` is that of an earlier update, to go on after it; `steps` tells how a flow's steps stand.
        """
        return self._followed(self._stream(log_offset=log_offset, steps=steps))

    def logs(self, *, follow: bool = True) -> Iterator[str]:
        """Its log in pieces as they come, until it ends; without `follow`, what there is now."""
        if not follow:
            yield read_logs(self._client, self.id)
            return
        for update in self.events():
            if update.new_logs:
                yield update.new_logs

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until it ends, however it does. Raises ExecutionTimeout after `timeout` seconds."""
        if self._final is not None:
            return self._final
        seconds = self._timeout if timeout is None else timeout
        return self._waited(self._stream(logs=False, seconds=seconds), seconds)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for its result.

        Raises JobFailed, JobCanceled, ResultTooLarge, and ExecutionTimeout for a job that ran out of its time as
        for a wait longer than `timeout` seconds (then it goes on).
        """
        return self._value(self.wait(timeout))

    def when_done(self, told: Callable[[Result[Any]], None]) -> Callable[[], None]:
        """Call `told` with its result, from another thread, when it has ended; gives what stops waiting.

        Thousands may be waited for so: they share one thread and one connection.
        """
        if self._final is not None:
            told(Result.of(self._value, self._final))
            return lambda: None
        return self._client.completions.follow(self.id, lambda ended: told(Result.of(self._outcome, ended)))

    @property
    def progress(self) -> int | None:
        """How far it says that it is, in percent; None where it says nothing."""
        found = self._client.get(f"{self._client.workspace}/job_metrics/get_progress/{self.id}")
        return None if found is None else int(found)

    def timeline(self) -> list[Span]:
        """When it waited and when it ran, and so each step of a flow's run, in the order of their beginnings."""
        job = self.job()
        steps = self.steps(nested=True) if job.flow_status is not None else []
        return spans_of(job) + [span for step in steps for span in spans_of_step(step)]

    def cancel(self, reason: str | None = None, *, force: bool = False) -> None:
        """End it; one that has ended stays as it is. `force` also where its worker does not answer."""
        cancel_job(self._client, self.id, reason, force=force)

    def abort(self) -> None:
        """End every `events()` and wait of this handle, from any thread; the job goes on."""
        for stream in list(self._streams):
            stream.abort()

    def flow_status(self) -> FlowStatus:
        """Where a flow's run stands, step by step. Raises InvalidInput for a script's job."""
        from flexwm_nb.flows import runs as flow_runs

        return flow_runs.status_of(self.job())

    def steps(self, *, nested: bool = False) -> list[StepRun]:
        """What became of each step of a flow's run; `nested` also of those inside of loops and branches.

        Raises InvalidInput for a script's job.
        """
        from flexwm_nb.flows import runs as flow_runs

        return flow_runs.read_steps(self._client, read_job(self._client, self.id), nested=nested)

    def step_result(self, step: str) -> Any:
        """The result of a step. Raises JobNotFound where it has none yet."""
        from flexwm_nb.flows import runs as flow_runs

        try:
            return flow_runs.read_step_result(self._client, self.id, step)
        except NotFound as error:
            raise flow_runs.no_step(error, self.id, step) from None

    def approve(self, value: Any = None) -> None:
        """Let a flow that waits for an approval go on; the next step reads `value` as `resume`.

        Raises InvalidInput where it waits for none.
        """
        from flexwm_nb.flows import runs as flow_runs

        flow_runs.send_event(self._client, self.job(), value, approved=True)

    def disapprove(self, value: Any = None) -> None:
        """Refuse what a flow waits for. Raises InvalidInput where it waits for nothing."""
        from flexwm_nb.flows import runs as flow_runs

        flow_runs.send_event(self._client, self.job(), value, approved=False)

    def restart(
        self,
        step: str,
        *,
        iteration: int | None = None,
        value: Mapping[str, Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> Execution:
        """Take a flow's run that has ended up again at a step; what came before keeps its results.

        `step` may stand inside of others, named as `steps(nested=True)` names it: `each[2]/clean`; `iteration` of a
        loop or of all branches that go one by one; `value` is a corrected flow value. Raises InvalidInput, and
        RequestRefused for a step that cannot be taken up.
        """
        from flexwm_nb.flows import runs as flow_runs

        job = read_job(self._client, self.id)  # with what it does, which the last event leaves out
        new = flow_runs.restart(self._client, job, step, iteration=iteration, value=value, arguments=arguments)
        return Execution(self._client, new, timeout=self._timeout)

    def replace(self, value: Mapping[str, Any]) -> None:
        """Have a flow that waits for an approval go on with another definition; what has run stays as it is.

        Raises InvalidInput for an engine that cannot (Windmill itself cannot), and RequestRefused for a definition
        that changes what has run.
        """
        from flexwm_nb.flows import runs as flow_runs

        flow_runs.replace(self._client, self.id, value)

    def __await__(self) -> Generator[Any, None, Any]:
        """Its result, as `result` gives it."""
        return self._awaited().__await__()

    def __repr__(self) -> str:
        """Its id, and how it ended where that is known."""
        return f"<Execution {self.id}{f' {self._final.state}' if self._final else ''}>"

    async def _awaited(self) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result[Any]] = loop.create_future()

        def told(result: Result[Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(_settle, future, result)

        stop = self.when_done(told)
        try:
            return (await asyncio.wait_for(future, self._timeout)).unwrap()
        except asyncio.TimeoutError:
            return self._value(await asyncio.to_thread(self._unless_late, self._timeout))
        finally:
            stop()

    def _stream(self, *, seconds: float | None = None, **options: Any) -> UpdateStream:
        deadline = None if seconds is None else time.monotonic() + seconds
        stream = UpdateStream(self._client, self.id, deadline=deadline, **options)
        self._streams.add(stream)
        return stream

    def _followed(self, stream: UpdateStream) -> Iterator[JobUpdate]:
        """The updates, the job's record kept as it passes."""
        for update in stream:
            if update.completed:
                job = self._ended(update.job or read_job(self._client, self.id))
                update = update.model_copy(update={"job": job})  # noqa: PLW2901
            yield update

    def _waited(self, stream: UpdateStream, seconds: float) -> Job:
        """The record of the end. Raises ExecutionTimeout when the stream ends before."""
        for update in self._followed(stream):
            if update.job is not None:
                return update.job
        return self._unless_late(seconds)

    def _unless_late(self, seconds: float) -> Job:
        """Its record where it has ended just now. Raises ExecutionTimeout, also where the engine does not answer."""
        try:
            job = self._last_look()
            if job.done:
                return self._ended(job)
            why = f"the job is {job.state}"
        except EngineUnreachable as error:
            why = f"the engine does not answer either ({error.what})"
        what = f"The wait for the job ended after {seconds:g} s"
        raise ExecutionTimeout(what, why=why, remedy=REMEDY_OF_WAIT, job_id=self.id)

    def _last_look(self) -> Job:
        """Its record, if that comes soon."""
        path = f"{self._client.workspace}/jobs_u/get/{self.id}"
        try:
            with self._client.stream(path, read_timeout=LAST_LOOK, no_logs=True) as answer:
                answer.read()
                return Job.read(answer.json())
        except NotFound as error:
            raise not_found(error, self.id) from None

    def _ended(self, job: Job) -> Job:
        """Keep the record of the end; an error is in it in full."""
        if job.state != "success" and job.result == TOO_BIG:
            job = job.model_copy(update={"result": read_result(self._client, self.id)})
        self._final = job
        return job

    def _outcome(self, ended: Job | FlexwmError) -> Any:
        if isinstance(ended, FlexwmError):
            raise ended
        return self._value(self._ended(ended))

    def _value(self, job: Job) -> Any:
        if job.state == "success":
            return read_result(self._client, self.id) if job.result == TOO_BIG else job.result
        raise failure(job)


def read_job(client: Client, job_id: str) -> Job:
    """A job's record, without its log. Raises JobNotFound."""
    try:
        return client.read(Job, f"{client.workspace}/jobs_u/get/{job_id}", no_logs=True)
    except NotFound as error:
        raise not_found(error, job_id) from None


def read_result(client: Client, job_id: str) -> Any:
    """A job's whole result. Raises JobNotFound."""
    try:
        return client.get(f"{client.workspace}/jobs_u/completed/get_result/{job_id}")
    except NotFound as error:
        raise not_found(error, job_id) from None


def read_logs(client: Client, job_id: str) -> str:
    """A job's log so far. Raises JobNotFound."""
    try:
        return client.text(f"{client.workspace}/jobs_u/get_logs/{job_id}", remove_ansi_warnings=True)
    except NotFound:
        read_job(client, job_id)  # there may just be no log yet
        return ""


def cancel_job(client: Client, job_id: str, reason: str | None = None, *, force: bool = False) -> None:
    """End a job; one that has ended stays as it is. Raises JobNotFound."""
    verb = "force_cancel" if force else "cancel"
    body = {} if reason is None else {"reason": reason}
    try:
        client.post(f"{client.workspace}/jobs_u/queue/{verb}/{job_id}", body, repeat=True)
    except NotFound as error:
        raise not_found(error, job_id) from None


def not_found(error: NotFound, job_id: str) -> NotFound:
    """The error about a job that is not there, unless it is the workspace that is missing."""
    return JobNotFound(why=job_id, job_id=job_id) if type(error) in (NotFound, JobNotFound) else error


def failure(job: Job) -> ExecutionError:
    """The error for a job that did not end well."""
    if job.state == "canceled":
        by = f" by {job.canceled_by}" if job.canceled_by else ""
        why = job.canceled_reason
        return JobCanceled(
            f"The job was cancelled{by}", why=why, job_id=job.id, by=job.canceled_by, reason=job.canceled_reason
        )
    error = job.error or {}
    name, message = str(error.get("name") or "Error"), str(error.get("message") or "it gave no message")
    details: dict[str, Any] = {"job_id": job.id, "error": error, "name": name}
    if name == TOO_LARGE:
        return ResultTooLarge(why=message, **details)
    if TIMED_OUT in message:
        return ExecutionTimeout("The job took longer than it may", why=message, **details)
    return JobFailed(f"{name}: {message}", **details)


def _settle(future: asyncio.Future[Result[Any]], result: Result[Any]) -> None:
    if not future.done():
        future.set_result(result)


def spans_of_step(step: StepRun) -> list[Span]:
    """When a step ran; nothing before it began."""
    if step.started_at is None:
        return []
    return [Span(name=step.step, state=step.state, began=step.started_at, ended=step.completed_at)]
