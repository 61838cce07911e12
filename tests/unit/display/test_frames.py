"""Jobs, scripts and versions as frames."""

from datetime import datetime, timedelta, timezone

import pandas

from flexwm_nb.display import frames
from flexwm_nb.models.jobs import Job
from flexwm_nb.models.schedules import Schedule
from flexwm_nb.models.scripts import ScriptSummary, ScriptVersion
from flexwm_nb.models.workspace import Worker

START = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
JOBS = [
    Job(id="b", created_at=START, type="QueuedJob"),
    Job(
        id="a", path="f/a/b", language="bash", created_at=START, started_at=START + timedelta(seconds=1),
        duration_ms=500, success=True, type="CompletedJob", created_by="admin", tag="bash",
    ),
]  # fmt: skip


def test_a_frame_of_jobs_has_fixed_columns_and_types() -> None:
    """Also where values are missing, and where there are no jobs at all."""
    for found in (JOBS, []):
        frame = frames.jobs(found)
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(frames.JOB_COLUMNS)


def test_times_and_spans_can_be_calculated_with() -> None:
    """A job's end, and how long it ran, are numbers of pandas'."""
    row = frames.jobs(JOBS).set_index("id").loc["a"]
    assert row["completed_at"] == pandas.Timestamp(START + timedelta(seconds=1.5))
    assert row["duration"] == pandas.Timedelta(milliseconds=500)
    assert row["queued_for"] == pandas.Timedelta(seconds=1)


def test_a_frame_knows_where_it_is_from() -> None:
    """Its attributes travel with it."""
    assert frames.jobs(JOBS, workspace="demo").attrs["windmill"] == {"workspace": "demo"}


def test_scripts_and_versions_have_fixed_columns_too() -> None:
    """A list without summaries is a frame like any other."""
    scripts = frames.scripts([ScriptSummary(hash="0f", path="f/a/b")])
    versions = frames.versions([ScriptVersion(path="f/a/b", hash="0f", number=1)])
    assert {name: str(kind) for name, kind in scripts.dtypes.items()} == dict(frames.SCRIPT_COLUMNS)
    assert {name: str(kind) for name, kind in versions.dtypes.items()} == dict(frames.VERSION_COLUMNS)


def test_a_steady_frame_shows_nothing_that_differs_from_run_to_run() -> None:
    """Its columns are all there, but times, spans and ids are not drawn; what is made of it is ordinary."""
    frame = frames.steady(frames.jobs(JOBS, workspace="demo"))
    assert repr(frame).split() == [
        "path",
        "state",
        "language",
        "0",
        "<NA>",
        "queued",
        "<NA>",
        "1",
        "f/a/b",
        "success",
        "bash",
    ]
    assert "completed_at" not in frame._repr_html_()
    assert list(frame.columns) == list(frames.JOB_COLUMNS)
    assert "created_at" in repr(frame.head(1))
    assert frame.attrs["windmill"] == {"workspace": "demo"}


def test_schedules_workers_and_the_queue_have_fixed_columns_too() -> None:
    """With nothing in them as well; the queue counts what has not ended."""
    schedule = Schedule.model_validate(
        {"path": "f/a/daily", "schedule": "0 0 6 * * *", "timezone": "UTC", "script_path": "f/a/b", "enabled": True}
    )
    worker = Worker(worker="wk-1", last_ping=2, jobs_executed=5, custom_tags=["python3", "bash"])
    running = Job(id="c", path="f/a/b", tag="bash", created_at=START, started_at=START, running=True, type="QueuedJob")
    for make, found, columns in (
        (frames.schedules, [schedule], frames.SCHEDULE_COLUMNS),
        (frames.workers, [worker], frames.WORKER_COLUMNS),
        (frames.queue, [*JOBS, running], frames.QUEUE_COLUMNS),
    ):
        for some in (found, []):
            frame = make(some, workspace="demo")  # type: ignore[operator]
            assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(columns)
            assert frame.attrs["windmill"] == {"workspace": "demo"}
    queue = frames.queue([*JOBS, running]).set_index("path")
    assert queue.loc["f/a/b", ["queued", "running"]].tolist() == [0, 1]
    assert queue.loc["", ["queued", "running"]].tolist() == [1, 0]
    assert frames.workers([worker])["tags"].tolist() == ["python3, bash"]
