"""Which Windmill program runs here: the configured one, one that was built, one on the path, a released one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from flexwm_nb.backends.managed.binary import Binary, verify
from flexwm_nb.backends.managed.build import BUILT, Builds
from flexwm_nb.backends.managed.download import download
from flexwm_nb.backends.managed.sources import PROGRAM, Source, find_source
from flexwm_nb.config import Config
from flexwm_nb.errors import BinaryNotFound, BuildImpossible, InvalidConfig

MEGABYTE = 1 << 20
NEEDS = "a build takes 10 to 40 minutes, 2 GiB of disk or more and 4 GiB of memory"

Tell = Callable[[str], None]


class BuildManager:
    """Finds the Windmill program, downloads or builds it."""

    def __init__(self, config: Config) -> None:
        """Of the configured places; nothing is done yet."""
        self._config = config
        folder = config.managed_folder.expanduser().absolute()
        self._builds, self._downloads = Builds(folder / "builds"), folder / "downloads"

    @property
    def log(self) -> Path:
        """What cargo said last."""
        return self._builds.log

    def find(self, tell: Tell = lambda text: None) -> Binary:
        """The program to run. Raises BinaryNotFound, BinaryUnusable, DownloadFailed and InvalidConfig."""
        if self._config.binary_path is not None:
            return verify(self._config.binary_path, "configured")
        source = find_source(self._config.source)
        if (built := self._builds.cached(source) or self._builds.cached(None)) is not None:
            return verify(built, BUILT)
        if (on_path := shutil.which(PROGRAM)) is not None:
            return verify(Path(on_path), "PATH")
        if self._config.release_url is not None:
            return self._download(self._config.release_url, tell)
        raise self._none(source)

    def build(self, tell: Tell, cancelled: threading.Event | None = None) -> Binary:
        """Build it from the source. Raises BuildImpossible, BuildFailed, BuildCanceled and BinaryUnusable."""
        source = find_source(self._config.source)
        if source is None:
            remedy = "Clone Windmill into third_party/windmill, or name a backend folder with FLEXWM_WINDMILL_SOURCE"
            raise BuildImpossible("There is no Windmill source to build", remedy=remedy)
        if (built := self._builds.cached(source)) is not None:
            return verify(built, BUILT)
        tell(f"building in {source.folder}")
        return self._builds.build(source, lambda progress: tell(str(progress)), cancelled or threading.Event())

    def _download(self, url: str, tell: Tell) -> Binary:
        checksum = self._config.release_sha256
        if checksum is None:
            remedy = "Set FLEXWM_WINDMILL_SHA256 to the program's SHA-256"
            raise InvalidConfig(
                "A program is only downloaded with its checksum", remedy=remedy, fields=["release_sha256"]
            )

        def told(done: int, total: int | None) -> None:
            of = f" of {total / MEGABYTE:.0f}" if total else ""
            tell(f"downloading {done / MEGABYTE:.0f}{of} MB")

        return verify(download(url, checksum, self._downloads, told), "downloaded")

    @staticmethod
    def _none(source: Source | None) -> BinaryNotFound:
        if source is None:
            return BinaryNotFound(why=f"WINDMILL_BINARY_PATH is not set and {PROGRAM} is not on the PATH; {NEEDS}")
        remedy = "Build it: flexwm build, or %windmill_connect --build"
        return BinaryNotFound(why=f"there is a source in {source.folder}; {NEEDS}", remedy=remedy)
