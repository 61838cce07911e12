"""The server's counts for Prometheus, for whoever has a token."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flexwm_nb.server.clock import now
from flexwm_nb.server.metrics import Histogram
from flexwm_nb.server.web.failures import Failure
from flexwm_nb.server.web.http import context, identity

if TYPE_CHECKING:
    from flexwm_nb.server.context import Context

MISSING = "Metrics need prometheus-client: pip install 'flexwm-nb[metrics]' and start the engine again"


async def metrics(request: Request) -> Response:
    """Jobs, queue, store and requests in Prometheus' text form. Raises Failure 501 where its package is missing."""
    identity(request)
    try:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    except ImportError:
        raise Failure(501, MISSING) from None
    registry = CollectorRegistry()
    registry.register(_Collector(context(request)))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Collector:
    """The counts, as the package's families."""

    def __init__(self, parts: Context) -> None:
        self._parts = parts

    def describe(self) -> list[Any]:
        """Nothing beforehand."""
        return []

    def collect(self) -> Iterator[Any]:
        """Every family."""
        from prometheus_client.core import CounterMetricFamily

        counts = self._parts.metrics
        jobs = CounterMetricFamily("flexwm_jobs", "Jobs that ended, by how and language.", labels=["state", "language"])
        for (status, language), count in counts.jobs.items():
            jobs.add_metric([status, language], count)
        requests = CounterMetricFamily("flexwm_requests", "Requests answered.", labels=["method", "area", "status"])
        for labels, count in counts.requests.items():
            requests.add_metric(list(labels), count)
        yield from (jobs, requests)
        yield _histograms("flexwm_job_run_seconds", "How long jobs ran.", "language", counts.runs)
        yield _histograms("flexwm_job_wait_seconds", "How long jobs waited for their start.", "", {"": counts.waits})
        yield _histograms("flexwm_request_seconds", "How long requests took.", "area", counts.answers)
        yield from self._now()

    def _now(self) -> Iterator[Any]:
        """What is so at this moment."""
        from prometheus_client.core import GaugeMetricFamily

        parts, store = self._parts, self._parts.settings.store
        waiting = parts.database.one("job_waiting_everywhere", now=now()) or {"waiting": 0}
        sizes = [path.stat().st_size for path in store.glob("store.db*")]
        found = {
            "flexwm_jobs_running": ("Jobs that run now.", parts.worker.running),
            "flexwm_jobs_waiting": ("Jobs that are due and wait.", waiting["waiting"]),
            "flexwm_workers": ("Jobs that may run at once.", parts.settings.workers),
            "flexwm_store_bytes": ("Size of the store's database.", sum(sizes)),
            "flexwm_store_free_bytes": ("Space left for the store.", shutil.disk_usage(store).free),
            "flexwm_start_time_seconds": ("When the engine started, since 1970.", parts.started_at / 1_000_000),
        }
        for name, (text, value) in found.items():
            yield GaugeMetricFamily(name, text, value=value)


def _histograms(name: str, text: str, label: str, found: dict[str, Histogram]) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, text, labels=[label] if label else [])
    for value, histogram in list(found.items()):
        family.add_metric([value] if label else [], buckets=histogram.buckets(), sum_value=histogram.total)
    return family


routes = [Route("/flexwm/metrics", metrics, methods=["GET"])]
