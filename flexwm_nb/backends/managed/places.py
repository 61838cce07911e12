"""Where everything of a managed engine is: one folder a database, so that two databases are two engines."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

OWN = "own"  # the name of the engine whose database is started with it


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one engine."""

    folder: Path

    @classmethod
    def of(cls, folder: Path, database_url: str | None) -> Places:
        """Of the engine on this database. Its password has no part in the name: it may change."""
        name = OWN
        if database_url is not None:
            parts = urlsplit(database_url)
            where = f"{parts.hostname}:{parts.port or ''}{parts.path}?{parts.query}"
            name = f"database-{sha256(where.encode()).hexdigest()[:12]}"
        return cls(folder.expanduser().absolute() / name)

    @property
    def lock(self) -> Path:
        """Held by the one who starts the engine."""
        return self.folder / "start.lock"

    @property
    def orders(self) -> Path:
        """What the keeper is told when it starts; it takes the file away."""
        return self.folder / "orders.json"

    @property
    def credentials(self) -> Path:
        """The administrator's password and our token."""
        return self.folder / "credentials.json"

    @property
    def keeper_log(self) -> Path:
        """What the keeper says."""
        return self.folder / "keeper.log"

    @property
    def windmill_log(self) -> Path:
        """What Windmill says."""
        return self.folder / "windmill.log"

    @property
    def database_log(self) -> Path:
        """What the own database says."""
        return self.folder / "postgres.log"

    @property
    def work(self) -> Path:
        """Windmill's own directory: caches, job folders."""
        return self.folder / "work"

    @property
    def socket(self) -> Path:
        """Where the keeper listens, with a short name: the system allows about 100 bytes."""
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        name = sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(base) / f"flexwm-{os.getuid()}" / f"managed-{name}.sock"
