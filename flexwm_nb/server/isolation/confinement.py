"""The confinement of this engine's jobs: the level found for what was asked, applied to each zygote."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flexwm_nb.server.isolation import policy
from flexwm_nb.server.isolation.levels import Found, Plain, find
from flexwm_nb.server.isolation.policy import PROXY_PORT, Places, Wish
from flexwm_nb.server.isolation.proxy import Proxy

if TYPE_CHECKING:
    from flexwm_nb.server.settings import Settings

PRIVATE = 0o700


class Confinement:
    """How jobs are held. One an engine."""

    def __init__(self, wish: Wish, places: Places) -> None:
        """Nothing is known before `start`."""
        self.wish, self._places = wish, places
        self._found = Found(None, ())
        self._proxy = Proxy(wish.network) if wish.network else None
        self.engine_port = 0

    @classmethod
    def plain(cls, jobs: Path) -> Confinement:
        """Jobs are processes with limits, no more."""
        made = cls(Wish(), Places(store=jobs.parent, jobs=jobs, shared=jobs.parent / "shared"))
        made._found = Found(Plain(), ())
        return made

    @classmethod
    def of(cls, settings: Settings) -> Confinement:
        """What a server was told."""
        store = settings.store
        places = Places(
            store=store,
            jobs=store / "jobs",
            shared=store / "shared",
            socket=settings.socket,
            caches=(settings.cache,),
        )
        return cls(settings.wish, places)

    async def start(self) -> None:
        """Find the level that this machine has."""
        needed = [self._places.socket.parent] if self.wish.closed and self._places.socket else []
        for folder in (*self._places.caches, *needed):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if self._found.level is None:
            self._found = await asyncio.to_thread(find, self.wish)
        if self._proxy is not None:
            await self._proxy.start(self._proxy_socket())

    def close(self) -> None:
        """End what served the jobs."""
        if self._proxy is not None:
            self._proxy.close()

    def doors(self) -> dict[str, str]:
        """The ports of a closed network that lead out of it, and the sockets they lead to."""
        if not self.wish.closed or not self.engine_port or self._places.socket is None:
            return {}
        ways = {str(self.engine_port): str(self._places.socket)}
        return {**ways, str(PROXY_PORT): str(self._proxy_socket())} if self._proxy is not None else ways

    def _proxy_socket(self) -> Path:
        assert self._places.socket is not None
        return self._places.socket.with_suffix(".proxy")

    @property
    def level(self) -> str:
        """The name of the level."""
        return "none" if self._found.level is None else self._found.level.name

    @property
    def refusal(self) -> str | None:
        """Why no job may run; None when they may."""
        return self._found.refusal

    def describe(self) -> dict[str, Any]:
        """The level, what it gives, and why there is none that is better."""
        level = self._found.level
        lacks = [{"level": lack.level, "why": lack.why, "remedy": lack.remedy} for lack in self._found.lacks]
        return {
            "isolation": self.level,
            "isolation_gives": "no job runs" if level is None else level.gives,
            "isolation_lacks": lacks,
            "isolation_wanted": self.wish.isolation,
            "network": "full" if self.wish.network is None else ", ".join(self.wish.network) or "none",
        }

    def policy(self, interpreter: str) -> dict[str, Any]:
        """What an interpreter's zygote is to apply."""
        return policy.build(self.level, self.wish, self._places, interpreter)

    def command(self, policy: dict[str, Any], command: Sequence[str]) -> list[str]:
        """The command that starts a zygote."""
        assert self._found.level is not None
        return self._found.level.command(policy, command)
