"""Version, health, workers and settings over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("route", ["/version", "/uptodate", "/ee_license", "/min_keep_alive_version", "/health/status"])
def test_who_asks_about_health_needs_no_token(server: Any, route: str) -> None:
    """Version and health are open; the details are not."""
    with httpx.Client(base_url=f"{server.url}/api", trust_env=False) as stranger:
        assert stranger.get(route).status_code == 200
        assert stranger.get("/health/detailed").status_code == 401


def test_workers_are_slots(http: httpx.Client) -> None:
    """Each slot of the worker is listed, in pages."""
    found = http.get("/workers/list").json()
    assert len(found) == http.get("/flexwm/engine").json()["workers"]
    assert len(http.get("/workers/list", params={"per_page": 3, "page": 4}).json()) == max(len(found) - 9, 0)


def test_waiting_jobs_are_counted(http: httpx.Client) -> None:
    """A job that is not due yet does not count as waiting."""
    preview = {"language": "bash", "content": "echo 1", "args": {}}
    query = {"scheduled_in_secs": 600, "tag": "later"}
    job = http.post("/w/demo/jobs/run/preview", json=preview, params=query).text
    assert "later" not in http.get("/workers/queue_counts").json()
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_settings_are_any_json(http: httpx.Client) -> None:
    """A setting is null until it is set, and again when it is unset."""
    url = "/settings/global/custom_tags"
    assert http.get(url).json() is None
    http.post(url, json={"value": ["heavy"]})
    assert http.get("/workers/custom_tags").json() == http.get(url).json() == ["heavy"]
    assert http.get("/workers/exists_workers_with_tags", params={"tags": "heavy"}).json() == {"heavy": True}
    assert {"name": "custom_tags", "value": ["heavy"]} in http.get("/settings/list_global").json()
    http.post(url, json={"value": None})
    assert http.get(url).json() is None


def test_one_group_is_configured(http: httpx.Client) -> None:
    """There is one worker group."""
    assert http.get("/configs/list_worker_groups").json() == [{"name": "default", "config": {}}]
    assert http.get("/configs/get/worker__default").json() == {}
