"""A shell of IPython's in this process, on a local engine of its own; nothing touches the user's own files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import flexwm_nb
from flexwm_nb.engine import Engine
from flexwm_nb.testing import local_engine
from tests.wheels import make_wheels


class TestingShell(InteractiveShell):
    """A shell that raises what a cell raises."""

    __test__ = False
    output = ""  # what the last cell printed and displayed as text

    def cell(self, text: str) -> Any:
        """Run a cell and give its value."""
        with capture_output() as captured:
            result = self.run_cell(text, store_history=True)
        shown = [bundle.data.get("text/plain", "") for bundle in captured.outputs]
        self.output = "\n".join([*shown, captured.stdout])
        result.raise_error()
        return result.result

    def failure(self, text: str) -> Any:
        """Run a cell that must fail and give its error, which must know how to show itself."""
        with pytest.raises(Exception) as caught:
            self.cell(text)
        return caught.value

    def message(self, text: str) -> str:
        """Run a cell that must fail and give what the notebook shows."""
        return self.shown(self.failure(text))

    @staticmethod
    def shown(error: Any) -> str:
        """An error as the notebook shows it."""
        return "\n".join(error._render_traceback_())


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment: store, state and runtime files in a folder of the tests."""
    folder = tmp_path_factory.mktemp("nb")
    named = {
        "FLEXWM_STORE": "store",
        "FLEXWM_CACHE": "cache",
        "FLEXWM_STATE": "state",
        "FLEXWM_CONFIG": "none.toml",
        "IPYTHONDIR": "ipython",
    }
    chosen = {name: str(folder / part) for name, part in named.items()}
    chosen |= {"XDG_RUNTIME_DIR": str(folder), "FLEXWM_IDLE_TIMEOUT": "120", "JPY_SESSION_NAME": "tests.ipynb"}
    chosen |= make_wheels(folder / "wheels")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("WM_", "WINDMILL_", "FLEXWM_", "BASE_INTERNAL"))]:
            patch.delenv(name)
        for name, value in chosen.items():
            patch.setenv(name, value)
        yield chosen


@pytest.fixture(scope="session")
def wm(surroundings: dict[str, str]) -> Iterator[Engine]:
    """The engine that the shell and the kernels use."""
    with local_engine(Path(surroundings["FLEXWM_STORE"])) as engine:
        yield engine


@pytest.fixture(scope="session")
def one_shell(wm: Engine) -> Iterator[TestingShell]:
    """The shell, with the extension loaded."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    made = TestingShell.instance(config=settings)
    flexwm_nb.load_ipython_extension(made)
    yield made
    flexwm_nb.unload_ipython_extension(made)
    TestingShell.clear_instance()


@pytest.fixture
def shell(one_shell: TestingShell) -> Iterator[TestingShell]:
    """The shell with its own settings and no variables of other tests."""
    yield one_shell
    one_shell.run_cell("%config WindmillMagics.display = 'auto'\n%config WindmillMagics.on_interrupt = 'cancel'")
    one_shell.reset(new_session=False)
