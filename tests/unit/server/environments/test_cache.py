"""Folders that are made once: by whom, what is seen of them, and what is left when something goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flexwm_nb.server.environments.cache import Cache, key_of

KEY = key_of("python", "one==1")


async def fill(folder: Path, lock: int) -> None:
    """Make something of two files."""
    (folder / "one").write_text("1")
    (folder / "more").mkdir()
    (folder / "more" / "two").write_text("22")


def get(cache: Cache, make: object = fill) -> Path:
    """The one entry of these tests."""
    return asyncio.run(cache.get("python", KEY, make, about="one==1"))  # type: ignore[arg-type]


def left(cache: Cache) -> list[str]:
    """What is not complete."""
    return [path.name for path in (cache.directory / "building").iterdir()]


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    """Many that ask at once have the same folder; it is found from then on, by others too."""
    made: list[Path] = []

    async def make(folder: Path, lock: int) -> None:
        made.append(folder)
        await asyncio.sleep(0.01)
        await fill(folder, lock)

    async def ask(cache: Cache) -> list[Path]:
        return list(await asyncio.gather(*(cache.get("python", KEY, make, about="one==1") for _ in range(5))))

    cache = Cache(tmp_path / "cache")
    assert cache.find("python", KEY) is None
    found = asyncio.run(ask(cache))
    assert len(set(found)) == len(made) == 1
    assert (found[0] / "more" / "two").read_text() == "22"
    assert Cache(cache.directory).find("python", KEY) == found[0]
    assert [(entry.about, entry.size) for entry in cache.entries()] == [("one==1", 3)]
    assert left(cache) == []


def test_nothing_stays_of_what_fails(tmp_path: Path) -> None:
    """The error is raised, and the next one makes it."""

    async def fail(folder: Path, lock: int) -> None:
        await fill(folder, lock)
        raise OSError(28, "No space left on device")

    cache = Cache(tmp_path)
    with pytest.raises(OSError, match="No space"):
        get(cache, fail)
    assert (left(cache), cache.entries()) == ([], [])
    assert (get(cache) / "one").exists()


def test_a_build_goes_on_while_somebody_waits(tmp_path: Path) -> None:
    """One that is cancelled leaves it to the other; when both are, the build ends and leaves nothing."""

    async def scenario(cache: Cache, cancelled: int) -> list[object]:
        begun, allowed = asyncio.Event(), asyncio.Event()

        async def slow(folder: Path, lock: int) -> None:
            begun.set()
            await allowed.wait()
            await fill(folder, lock)

        asked = [asyncio.ensure_future(cache.get("python", KEY, slow, about="")) for _ in range(2)]
        await begun.wait()
        for task in asked[:cancelled]:
            task.cancel()
        allowed.set()
        return list(await asyncio.gather(*asked, return_exceptions=True))

    none, one = Cache(tmp_path / "none"), Cache(tmp_path / "one")
    assert [type(found) for found in asyncio.run(scenario(none, 2))] == [asyncio.CancelledError] * 2
    assert (left(none), none.entries()) == ([], [])
    assert isinstance(asyncio.run(scenario(one, 1))[1], Path)


DAMAGE = [
    pytest.param(lambda entry: (entry / "files" / "one").unlink(), id="a file is gone"),
    pytest.param(lambda entry: (entry / "files" / "more" / "two").write_text(""), id="a file is empty"),
    pytest.param(lambda entry: (entry / "sizes.json").write_text("{"), id="its facts are cut off"),
    pytest.param(lambda entry: (entry / "made.json").unlink(), id="it was never complete"),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: object) -> None:
    """The next process sees that something is missing."""
    folder = get(Cache(tmp_path))
    damage(folder.parent)  # type: ignore[operator]
    assert Cache(tmp_path).find("python", KEY) is None
    assert (get(Cache(tmp_path)) / "more" / "two").read_text() == "22"


def test_what_jobs_add_is_no_damage(tmp_path: Path) -> None:
    """Such as bytecode that another program writes."""
    folder = get(Cache(tmp_path))
    (folder / "one.pyc").touch()
    assert Cache(tmp_path).find("python", KEY) == folder


BUILD_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from flexwm_nb.server.environments.cache import Cache, key_of

async def never(folder, lock):
    (folder / "half").touch()
    await asyncio.sleep(60)

asyncio.run(Cache(Path(sys.argv[1])).get("python", key_of("python", "one==1"), never, about="one==1"))
"""
HOLD = """
import sys, time
from pathlib import Path
from flexwm_nb.server.environments.cache import Cache, key_of

cache = Cache(Path(sys.argv[1]))
assert cache.find("python", key_of("python", "one==1"))
print("holds", flush=True)
time.sleep(60)
"""


def test_a_killed_builder_leaves_nothing(tmp_path: Path) -> None:
    """Its half-made folder is cleared away by the next builder, which does not wait."""
    cache = Cache(tmp_path)
    builder = subprocess.Popen([sys.executable, "-c", BUILD_FOR_EVER, str(tmp_path)])
    while not list(tmp_path.glob("building/*/files/half")):
        time.sleep(0.01)
    builder.kill()
    builder.wait()
    assert len(left(cache)) == 1
    assert sorted(path.name for path in get(cache).iterdir()) == ["more", "one"]
    assert left(cache) == []


def test_what_an_engine_uses_is_not_pruned(tmp_path: Path) -> None:
    """It goes when that engine has ended; and only what was not used for long, where that is asked for."""
    maker = Cache(tmp_path)
    get(maker)
    asyncio.run(maker.close())
    user = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert user.stdout is not None
    assert user.stdout.readline() == b"holds\n"
    cache = Cache(tmp_path)
    assert [entry.key for entry in cache.prune().in_use] == [KEY]
    user.kill()
    user.wait()
    user.stdout.close()
    assert cache.prune(unused_for=3600).removed == []
    assert [entry.key for entry in cache.prune().removed] == [KEY]
    assert (cache.entries(), left(cache)) == ([], [])
