"""How a job's end becomes an error."""

from __future__ import annotations

from typing import Any

import pytest

from flexwm_nb import errors
from flexwm_nb.execution import failure
from flexwm_nb.models.jobs import Job

ID = "01a2100f-0000-7000-8000-000000000000"


def ended(error: Any = None, **fields: Any) -> Job:
    """A job that did not end well."""
    return Job.read({"type": "CompletedJob", "id": ID, "success": False, "result": {"error": error}, **fields})


@pytest.mark.parametrize(
    ("job", "kind", "text"),
    [
        (ended({"name": "KeyError", "message": "'JKF'"}), errors.JobFailed, "KeyError: 'JKF'"),
        (ended(), errors.JobFailed, "Error: it gave no message"),
        (ended({"name": "ResultTooLarge", "message": "60 MB"}), errors.ResultTooLarge, "60 MB"),
        (
            ended({"name": "ExecutionErr", "message": "terminated due to timeout after"}),
            errors.ExecutionTimeout,
            "longer than it may",
        ),
        (
            ended(canceled=True, canceled_by="ada", canceled_reason="wrong input"),
            errors.JobCanceled,
            "cancelled by ada: wrong input",
        ),
    ],
)
def test_each_end_has_its_error(job: Job, kind: type[errors.FlexwmError], text: str) -> None:
    """Which carries the job's id."""
    error = failure(job)
    assert type(error) is kind
    assert text in str(error)
    assert error.job_id == ID
