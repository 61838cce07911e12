"""Version, health, workers and settings over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

UPTODATE = pytest.param("/uptodate", marks=pytest.mark.differs("`GET /uptodate` without internet"))


@pytest.mark.parametrize("route", ["/version", UPTODATE, "/ee_license", "/min_keep_alive_version", "/health/status"])
def test_who_asks_about_health_needs_no_token(server: Any, route: str) -> None:
    """Version and health are open; the details are not."""
    with httpx.Client(base_url=f"{server.url}/api", trust_env=False) as stranger:
        assert stranger.get(route).status_code == 200
        assert stranger.get("/health/detailed").status_code == 401


def test_workers_are_slots(http: httpx.Client) -> None:
    """Each slot of the worker is listed, in pages."""
    whole = {worker["worker"] for worker in http.get("/workers/list").json()}
    pages = [http.get("/workers/list", params={"per_page": 4, "page": page}).json() for page in range(1, 20)]
    assert {worker["worker"] for page in pages for worker in page} == whole
    assert len(pages[0]) == min(4, len(whole))


def test_waiting_jobs_are_counted(http: httpx.Client) -> None:
    """A job that is not due yet does not count as waiting."""
    preview = {"language": "bash", "content": "echo 1", "args": {}}
    query = {"scheduled_in_secs": 600, "tag": "later"}
    job = http.post("/w/demo/jobs/run/preview", json=preview, params=query).text
    assert "later" not in http.get("/workers/queue_counts").json()
    http.post(f"/w/demo/jobs_u/queue/cancel/{job}", json={})


def test_settings_are_any_json(http: httpx.Client) -> None:
    """A setting is what it was set to, until it is set anew."""
    url = "/settings/global/custom_tags"
    before = http.get(url).json()
    http.post(url, json={"value": ["heavy"]})
    assert http.get(url).json() == ["heavy"]
    http.post(url, json={"value": before})
    assert http.get(url).json() == before


@pytest.mark.differs("the list of settings")
def test_settings_are_listed(http: httpx.Client) -> None:
    """With their values."""
    http.post("/settings/global/listed", json={"value": ["heavy"]})
    assert {"name": "listed", "value": ["heavy"]} in http.get("/settings/list_global").json()
    http.post("/settings/global/listed", json={"value": None})


@pytest.mark.differs("tags")
def test_every_tag_is_taken(http: httpx.Client) -> None:
    """Once it is listed."""
    url = "/settings/global/custom_tags"
    before = http.get(url).json()
    http.post(url, json={"value": ["heavy"]})
    found = http.get("/workers/exists_workers_with_tags", params={"tags": "heavy"}).json()
    http.post(url, json={"value": before})
    assert found == {"heavy": True}


@pytest.mark.differs("worker groups")
def test_one_group_is_configured(http: httpx.Client) -> None:
    """There is one worker group."""
    assert http.get("/configs/list_worker_groups").json() == [{"name": "default", "config": {}}]
    assert http.get("/configs/get/worker__default").json() == {}
