"""What a test of your own needs: a local engine that lives as long as the test.

As a fixture of pytest:

    @pytest.fixture(scope="session")
    def engine(tmp_path_factory):
        with flexwm_nb.testing.local_engine(tmp_path_factory.mktemp("store")) as engine:
            yield engine
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flexwm_nb.engine import Engine, connect
from flexwm_nb.errors import EngineError

WORKSPACE = "demo"
IDLE_TIMEOUT = 60.0  # seconds after which an engine leaves whose test was killed


@contextmanager
def local_engine(store: Path | str, *, workspace: str = WORKSPACE, **settings: Any) -> Iterator[Engine]:
    """A local engine on this store, stopped at the end. More `settings` are those of `Config`.

    The environment's choice of another engine or workspace does not count here.
    """
    settings = {"idle_timeout": IDLE_TIMEOUT, **settings}
    engine = connect("local", workspace=workspace, store=Path(store), **settings)
    try:
        yield engine
    finally:
        end(engine)


def end(engine: Engine) -> None:
    """Stop a local engine, at once when its jobs do not end by themselves."""
    try:
        engine.stop()
    except EngineError:
        engine.stop(force=True)
