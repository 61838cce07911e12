"""Counts for Prometheus: of the engine, and of a client."""

from __future__ import annotations

import logging

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from flexwm_nb.config import Config
from flexwm_nb.engine import Engine
from flexwm_nb.metrics import ClientMetrics, area
from tests.conftest import TOKEN, Server


def samples(http: httpx.Client) -> dict[tuple[str, ...], float]:
    """What the engine counts, by name and labels in the order of their names."""
    answer = http.get("/flexwm/metrics").raise_for_status()
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, *(one.labels[label] for label in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


def test_jobs_are_counted(http: httpx.Client, engine: Engine) -> None:
    """By language and how they ended, with how long they ran and waited."""
    before = samples(http)
    for code in ("0", "3"):
        engine.jobs.preview("bash", f"exit {code}").wait()
    engine.jobs.preview_flow({"modules": []}).wait()
    after = samples(http)
    for key in [("flexwm_jobs_total", "bash", "success"), ("flexwm_jobs_total", "bash", "failure")]:
        assert after[key] == before.get(key, 0) + 1
    flow = ("flexwm_jobs_total", "flow", "success")
    assert after[flow] >= before.get(flow, 0) + 1
    assert after["flexwm_job_run_seconds_count", "bash"] >= 2
    assert after["flexwm_job_wait_seconds_count",] >= 2
    assert after["flexwm_jobs_running",] == 0
    assert after["flexwm_store_bytes",] > 0


def test_requests_are_counted(http: httpx.Client) -> None:
    """By area; whatever strangers ask for does not make new ones."""
    for path in ("/version", "/nothing/of/the/kind", "/w/demo/also/nothing"):
        http.get(path)
    found = samples(http)
    assert found["flexwm_requests_total", "version", "GET", "200"] >= 1
    assert found["flexwm_requests_total", "other", "GET", "404"] >= 2
    assert not [key for key in found if "nothing" in "".join(key)]


def test_metrics_want_a_token(server: Server) -> None:
    """Anybody else gets nothing."""
    assert httpx.get(f"{server.url}/api/flexwm/metrics", trust_env=False).status_code == 401


def test_a_client_counts_too(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """And its log has the same as fields."""
    registry = CollectorRegistry()
    config = Config(engine=engine.client.endpoint.url, token=TOKEN)
    logger = logging.getLogger("structured")
    built = Engine.builder().with_config(config).with_metrics(ClientMetrics(registry)).with_logger(logger).build()
    with caplog.at_level(logging.DEBUG, "structured"), built as other:
        other.scripts.list()
    labels = {"method": "GET", "area": "scripts/list", "status": "200"}
    assert registry.get_sample_value("flexwm_client_requests_total", labels) == 1
    record = next(record for record in caplog.records if getattr(record, "path", "").endswith("scripts/list"))
    assert (record.status, record.method) == (200, "GET")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/w/demo/jobs/run/p/f/a/b", "jobs/run"), ("/version", "version"), ("/w/demo/jobs_u/get/01a2", "jobs_u/get")],
)
def test_areas_name_nothing_of_anybodys(path: str, expected: str) -> None:
    """So that their number stays small."""
    assert area(path) == expected
