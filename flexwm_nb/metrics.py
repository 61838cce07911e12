"""What a client does, counted for Prometheus: `Engine.builder().with_metrics(ClientMetrics())`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class ClientMetrics:
    """Counts requests and how long they took, by method, area and status. Needs the extra `metrics`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Count in this registry, else in the package's own. One of these serves any number of engines.

        Raises ImportError without prometheus-client.
        """
        from prometheus_client import REGISTRY, Counter, Histogram

        chosen = REGISTRY if registry is None else registry
        self._requests = Counter(
            "flexwm_client_requests", "Requests to engines.", ["method", "area", "status"], registry=chosen
        )
        self._seconds = Histogram(
            "flexwm_client_request_seconds", "How long engines took to answer.", ["area"], registry=chosen
        )

    def request(self, method: str, path: str, status: int | None, seconds: float) -> None:
        """One request was answered, or was not (`status` None)."""
        where = area(path)
        self._requests.labels(method, where, "none" if status is None else str(status)).inc()
        self._seconds.labels(where).observe(seconds)


def area(path: str) -> str:
    """What a request is about, such as `jobs/run`: nothing of a path that names somebody's things."""
    parts = path.strip("/").split("/")
    about = parts[2:4] if parts[0] == "w" else parts[:2]
    return "/".join(part for part in about if part.replace("_", "").isalpha())
