"""Scripts that need packages: real jobs, real uv, packages of a folder."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flexwm_nb.server.environments.cache import Cache
from flexwm_nb.server.environments.service import own_minor
from flexwm_nb.server.runners.base import Outcome, RunRequest
from flexwm_nb.server.runners.registry import Runners
from tests.unit.server.runners.test_runners import error_of, launch, request
from tests.wheels import make_wheel, make_wheels

TWO = "import tiny_two, tiny_one\ndef main():\n    return tiny_one.__version__\n"
ONE = "import tiny_one\ndef main():\n    return tiny_one.__version__\n"
FREE = (
    "try:\n    import packaging\nexcept ImportError:\n    packaging = None\ndef main():\n    return packaging is None\n"
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The folder of packages."""
    return make_wheels(tmp_path_factory.mktemp("packages") / "wheels")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What these tests share: an environment is made once."""
    return tmp_path_factory.mktemp("environments") / "cache"


@pytest.fixture(autouse=True)
def surroundings(wheels: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv takes packages from the folder."""
    for name, value in wheels.items():
        monkeypatch.setenv(name, value)


def acting(folder: Path, cache: Path, action: Callable[[Runners], Awaitable[Any]]) -> Any:
    """Start runners on the cache, act, close them."""

    async def run() -> Any:
        runners = Runners(folder / "jobs", Cache(cache))
        await runners.start()
        try:
            return await action(runners)
        finally:
            await runners.close()

    return asyncio.run(run())


def run(folder: Path, cache: Path, *wanted: RunRequest) -> list[tuple[Outcome, str]]:
    """Run jobs, one after the other: how they ended, and their logs."""

    async def action(runners: Runners) -> list[tuple[Outcome, str]]:
        found = []
        for one in wanted:
            log: list[str] = []
            found.append((await (await launch(runners, one, log.append)).outcome(), "".join(log)))
        return found

    return acting(folder, cache, action)  # type: ignore[no-any-return]


KERNEL = {"interpreter": sys.executable}
WORKS = [
    pytest.param(TWO, {}, "1.0", id="imports"),
    pytest.param("# requirements:\n# tiny-one>=2\n" + ONE, {}, "2.0", id="requirements"),
    pytest.param('# /// script\n# dependencies = ["tiny-one<2"]\n# ///\n' + ONE, {}, "1.0", id="PEP 723"),
    pytest.param(ONE.replace("\n", "  # pin: tiny-one==1.0\n", 1), {}, "1.0", id="a pin"),
    pytest.param(ONE, {"lock": f"# py: {own_minor()}\ntiny-one==1.0\n"}, "1.0", id="a lock"),
    pytest.param(ONE, {"lock": "tiny-one==1.0", **KERNEL}, "1.0", id="a lock and a kernel"),
    pytest.param(FREE, {"lock": "tiny-one==1.0"}, True, id="a lock is all there is"),
    pytest.param(FREE, {"lock": "tiny-one==1.0", **KERNEL}, False, id="a lock beside a kernel's packages"),
    pytest.param(FREE, {"lock": ""}, False, id="an empty lock"),
]


@pytest.mark.parametrize(("content", "more", "result"), WORKS)
def test_a_script_has_what_it_needs(
    tmp_path: Path, cache: Path, content: str, more: dict[str, Any], result: object
) -> None:
    """By its source or its lock."""
    ((outcome, log),) = run(tmp_path, cache, request(content, **more))
    assert json.loads(outcome.result) == result, log


FAILS = [
    pytest.param(
        "import tiny_zero\ndef main(): ...", None, ["tiny-zero (line 1: import tiny_zero)", "# pin:"], id="none"
    ),
    pytest.param("# requirements:\n#tiny-two\n#tiny-one>=2\n", None, ["tiny-two depend on tiny-one<2"], id="conflict"),
    pytest.param("", "tiny-one==7", ["no version of tiny-one==7", "Update its lock"], id="a lock's version is gone"),
    pytest.param("", f"tiny-one==1.0 --hash=sha256:{'0' * 64}", ["Hash mismatch for `tiny-one==1.0`"], id="a hash"),
    pytest.param("", "tiny-one==1.0\n?", ["line 2 of the lock"], id="a broken lock"),
    pytest.param("# /// script\n", None, ["line 1: the block # /// script cannot be read"], id="a broken block"),
    pytest.param("# py: >=3.99\n", None, ["Python >=3.99", "uv python install"], id="a Python"),
]


@pytest.mark.parametrize(("content", "lock", "texts"), FAILS)
def test_what_cannot_be_had_is_explained(
    tmp_path: Path, cache: Path, content: str, lock: str | None, texts: list[str]
) -> None:
    """Which package, why, what was tried, what to do."""
    ((outcome, _),) = run(tmp_path, cache, request(content + "\ndef main(): ...", lock=lock))
    message = error_of(outcome)["message"]
    assert message.startswith("execution error:\n")
    assert [text for text in texts if text not in message] == []


def test_the_log_tells_what_is_installed_once(tmp_path: Path, cache: Path) -> None:
    """The second job finds it, also in another process."""
    wanted = request("import os, tiny_one  # once\ndef main(): ...")
    run(tmp_path, cache / "own", wanted)
    (_, again), (_, last) = run(tmp_path, cache / "own", wanted, replace(wanted, lock="tiny-one==1.0"))
    assert "INSTALL" not in again
    assert "\n\n--- PIP INSTALL ---\n\ntiny-one==1.0\ninstalled in " in last


def test_many_that_need_the_same_make_it_once(tmp_path: Path, cache: Path) -> None:
    """Also when two engines begin at once."""

    async def action(runners: Runners) -> list[Outcome]:
        other = Runners(tmp_path / "other", Cache(cache / "both"))
        await other.start()
        wanted = request(TWO)
        jobs = [await launch(which, wanted, lambda _: None) for which in (runners, other, runners, other)]
        outcomes = [await job.outcome() for job in jobs]
        await other.close()
        return outcomes

    outcomes = acting(tmp_path, cache / "both", action)
    assert [outcome.result for outcome in outcomes] == ['"1.0"'] * 4
    assert len(Cache(cache / "both").entries()) == 1
    assert list((cache / "both" / "building").iterdir()) == []


def test_a_script_that_ends_early_takes_its_installer_along(
    tmp_path: Path, cache: Path, wheels: dict[str, str]
) -> None:
    """A cancel while uv works ends uv, and nothing half-made stays."""
    for number in range(200):
        make_wheel(Path(wheels["UV_FIND_LINKS"]), f"tiny-many{number}", "1")
    lock = "\n".join(f"tiny-many{number}==1" for number in range(200))

    async def action(runners: Runners) -> Outcome:
        job = await launch(runners, request(ONE, lock=lock), lambda _: None)
        while not list(tmp_path.glob("cache/building/*/files/*")):
            await asyncio.sleep(0.005)
        job.terminate("enough")
        return await job.outcome()

    outcome = acting(tmp_path, tmp_path / "cache", action)
    assert error_of(outcome)["message"] == "execution error:\nenough"
    assert (list((tmp_path / "cache" / "building").iterdir()), Cache(tmp_path / "cache").entries()) == ([], [])


def test_programs_of_a_job_see_its_packages(tmp_path: Path, cache: Path) -> None:
    """Another Python that it starts."""
    other = "import tiny_one; print(tiny_one.__version__)"
    source = (
        "import tiny_one, subprocess, sys\ndef main():\n"
        f"    return subprocess.check_output([sys.executable, '-c', {other!r}]).decode()"
    )
    ((outcome, log),) = run(tmp_path, cache, request(source))
    assert json.loads(outcome.result) == "2.0\n", log


def test_an_unreachable_index_is_told(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address, but without its password; what was found before is used."""
    run(tmp_path, cache / "kept", request(TWO))
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    ((outcome, _),) = run(tmp_path, cache / "kept", request("import tiny_zero\ndef main(): ..."))
    message = error_of(outcome)["message"]
    assert "Check the network" in message
    assert "127.0.0.1:9/simple" in message
    assert "secret" not in message


def test_a_second_use_is_quick(tmp_path: Path, cache: Path) -> None:
    """As a job that needs nothing, but for a few ms."""

    async def action(runners: Runners) -> dict[str, float]:
        best = {}
        for content in (TWO, "def main(): ..."):
            times = []
            for _ in range(5):
                began = time.perf_counter()
                await (await launch(runners, request(content), lambda _: None)).outcome()
                times.append(time.perf_counter() - began)
            best[content] = min(times)
        return best

    best = acting(tmp_path, cache, action)
    assert best[TWO] - best["def main(): ..."] < 0.05


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its directory and what to do."""
    (tmp_path / "file").touch()
    ((outcome, _),) = run(tmp_path, tmp_path / "file" / "cache", request(ONE))
    message = error_of(outcome)["message"]
    assert f"packages cannot be kept in {tmp_path / 'file' / 'cache'}: " in message
    assert message.endswith("Choose another directory with FLEXWM_CACHE")
