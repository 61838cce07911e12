"""A build with the real cargo, of a crate as small as a crate can be."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from flexwm_nb.backends.managed import sources
from flexwm_nb.backends.managed.build import BuildProgress, Builds
from flexwm_nb.backends.managed.manager import BuildManager
from flexwm_nb.backends.managed.sources import Source, find_source
from flexwm_nb.config import Config
from flexwm_nb.errors import BinaryNotFound, BinaryUnusable, BuildCanceled, BuildFailed, BuildImpossible

MANIFEST = """
[package]
name = "windmill"
version = "1.743.0"
edition = "2018"
rust-version = "1.56"
[features]
python = []
[dependencies]
part = { path = "part" }
"""
PART = '[package]\nname = "part"\nversion = "0.1.0"\nedition = "2018"\n'


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A crate `windmill` that needs a crate `part`."""
    folder = tmp_path / "checkout" / "backend"
    for place, manifest in ((folder, MANIFEST), (folder / "part", PART)):
        (place / "src").mkdir(parents=True)
        (place / "Cargo.toml").write_text(manifest)
    (folder / "src" / "main.rs").write_text('fn main() { println!("Windmill v1.743.0{}", part::nothing()); }')
    (folder / "part" / "src" / "lib.rs").write_text('pub fn nothing() -> &\'static str { "" }')
    return Source(folder)


@pytest.fixture
def manager(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuildManager:
    """What builds it, where there is no other Windmill."""
    monkeypatch.delenv("WINDMILL_BINARY_PATH", raising=False)
    monkeypatch.setattr(sources, "LEAST_MEMORY", 0)
    return BuildManager(Config(managed_folder=tmp_path / "managed", source=source.folder))


def test_a_build_is_followed_kept_and_found(manager: BuildManager, source: Source) -> None:
    """Crate by crate; the same source is not built twice, and a changed one is."""
    told: list[str] = []
    made = manager.build(told.append)
    assert (made.version, made.path.stat().st_mode & 0o777) == ("v1.743.0", 0o700)
    assert told == [f"building in {source.folder}", "1 of 2 crates · part", "2 of 2 crates · windmill"]
    assert "Compiling windmill" in manager.log.read_text()
    assert (manager.build(told.append), manager.find(), len(told)) == (made, made, 3)
    main = source.folder / "src" / "main.rs"
    main.write_text(main.read_text().replace("743", "744"))
    assert manager.build(told.append).version == "v1.744.0"


def test_a_build_that_fails_says_why(manager: BuildManager, source: Source) -> None:
    """In the compiler's words, with the log; nothing is taken for a program."""
    (source.folder / "src" / "main.rs").write_text("fn main() { part::something(); }")
    with pytest.raises(BuildFailed, match=r"cannot find function `something` in crate `part`.*build\.log") as caught:
        manager.build(lambda text: None)
    assert "main.rs:1" in caught.value.log
    with pytest.raises(BinaryNotFound, match="Build it: flexwm build"):
        manager.find()


def test_what_was_built_is_tried(manager: BuildManager, source: Source) -> None:
    """A checkout of something else gives no engine."""
    (source.folder / "src" / "main.rs").write_text('fn main() { println!("nginx"); }')
    with pytest.raises(BinaryUnusable, match="it says 'nginx'"):
        manager.build(lambda text: None)


def test_a_full_disk_is_named(manager: BuildManager, source: Source) -> None:
    """Whatever else the compiler says about it."""
    (source.folder / "build.rs").write_text('fn main() { panic!("write: No space left on device (os error 28)"); }')
    with pytest.raises(BuildFailed, match="No space left on device"):
        manager.build(lambda text: None)


def test_a_build_is_cancelled(manager: BuildManager, source: Source, tmp_path: Path) -> None:
    """Cargo ends with all that it started, and the next build goes on."""
    (source.folder / "build.rs").write_text(
        'fn main() { std::fs::write(std::env::var("MARK").unwrap(), std::process::id().to_string()).unwrap();'
        " std::thread::sleep(std::time::Duration::from_secs(60)); }"
    )
    mark, cancelled = tmp_path / "mark", threading.Event()
    os.environ["MARK"] = str(mark)
    try:
        threading.Thread(target=lambda: (wait_for(mark), cancelled.set())).start()
        with pytest.raises(BuildCanceled, match="goes on from there"):
            manager.build(lambda text: None, cancelled)
    finally:
        del os.environ["MARK"]
    pid, deadline = int(mark.read_text()), time.monotonic() + 5
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not runs(pid)
    (source.folder / "build.rs").unlink()
    assert manager.build(lambda text: None).version == "v1.743.0"


def runs(pid: int) -> bool:
    """Whether a process does something still."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_for(path: Path) -> None:
    """Until a file has something in it."""
    while not path.exists() or not path.read_text():
        time.sleep(0.01)


def test_a_missing_compiler_is_named(manager: BuildManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With where it comes from."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildImpossible, match=r"missing: cargo \(https://rustup\.rs"):
        manager.build(lambda text: None)


@pytest.mark.parametrize(
    ("file", "text", "missing"),
    [
        pytest.param(
            "Cargo.toml",
            MANIFEST.replace('"1.56"', '"1.999"'),
            r"rustc 1\.999 or newer, there is 1\.",
            id="a newer compiler",
        ),
        pytest.param(".cargo/config.toml", 'target.HOST.linker = "no-such-linker"', "no-such-linker", id="a linker"),
        pytest.param(
            "part/Cargo.toml", PART.replace('"part"', '"openssl-sys"'), r"openssl \(.*install", id="a library"
        ),
    ],
)
def test_what_a_build_needs_is_checked_first(
    manager: BuildManager, source: Source, monkeypatch: pytest.MonkeyPatch, file: str, text: str, missing: str
) -> None:
    """Everything that is missing, by name, and how to get it."""
    monkeypatch.setenv("PKG_CONFIG_LIBDIR", "/nowhere")
    path = source.folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace("HOST", sources.host()))
    manifest = source.folder / "Cargo.toml"
    if "openssl" in text:
        manifest.write_text(manifest.read_text().replace("{ path", '{ package = "openssl-sys", path'))
    with pytest.raises(BuildImpossible, match=missing) as caught:
        manager.build(lambda text: None)
    assert len(caught.value.missing) == 1


@pytest.mark.parametrize(("limit", "what"), [("LEAST_DISK", "of disk"), ("LEAST_MEMORY", "of memory")])
def test_room_is_checked_first(manager: BuildManager, monkeypatch: pytest.MonkeyPatch, limit: str, what: str) -> None:
    """How much is needed, and how much there is."""
    monkeypatch.setattr(sources, limit, 1 << 60)
    with pytest.raises(BuildImpossible, match=f"GiB {what}"):
        manager.build(lambda text: None)


def test_a_source_is_found_from_below(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In third_party of this folder or of one above it."""
    place = tmp_path / "third_party" / "windmill"
    place.parent.mkdir()
    place.symlink_to(source.folder.parent)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert find_source(None) == Source(place / "backend")


def test_there_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do is said: where one goes, or how another is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WINDMILL_BINARY_PATH", raising=False)
    manager = BuildManager(Config(managed_folder=tmp_path))
    with pytest.raises(BuildImpossible, match="third_party/windmill"):
        manager.build(lambda text: None)
    with pytest.raises(BinaryNotFound, match="WINDMILL_BINARY_PATH"):
        manager.find()


def test_progress_reads_well() -> None:
    """How many of how many, and which."""
    assert str(BuildProgress(compiled=12, total=539, crate="serde")) == "12 of 539 crates · serde"
    assert Builds(Path("/nowhere")).cached(None) is None
