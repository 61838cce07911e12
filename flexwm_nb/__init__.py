"""The Windmill workflow engine in Jupyter.

`%load_ext flexwm_nb` in a notebook; `flexwm_nb.connect()` in a program. What is named here is loaded when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flexwm_nb.handshake import VERSION

if TYPE_CHECKING:
    from flexwm_nb import errors
    from flexwm_nb.config import Config
    from flexwm_nb.display import frames, plots
    from flexwm_nb.engine import Engine, EngineBuilder, connect
    from flexwm_nb.errors import FlexwmError
    from flexwm_nb.execution import Execution
    from flexwm_nb.flows.builder import Flow
    from flexwm_nb.flows.references import js
    from flexwm_nb.models.deployed_flows import FlowRegistration, FlowVersion
    from flexwm_nb.models.jobs import Job
    from flexwm_nb.models.scripts import Registration, Script, ScriptDraft, ScriptVersion
    from flexwm_nb.result import Result

__version__ = VERSION
__all__ = [
    "Config",
    "Engine",
    "EngineBuilder",
    "Execution",
    "FlexwmError",
    "Flow",
    "FlowRegistration",
    "FlowVersion",
    "Job",
    "Registration",
    "Result",
    "Script",
    "ScriptDraft",
    "ScriptVersion",
    "__version__",
    "connect",
    "errors",
    "frames",
    "js",
    "load_ipython_extension",
    "plots",
    "unload_ipython_extension",
]

# public modules, by their public names
MODULES = {"errors": "errors", "frames": "display.frames", "plots": "display.plots"}
# name -> the module that has it
HOMES = {
    "Config": "config",
    "Engine": "engine",
    "EngineBuilder": "engine",
    "Execution": "execution",
    "FlexwmError": "errors",
    "Flow": "flows.builder",
    "FlowRegistration": "models.deployed_flows",
    "FlowVersion": "models.deployed_flows",
    "Job": "models.jobs",
    "Registration": "models.scripts",
    "Result": "result",
    "Script": "models.scripts",
    "ScriptDraft": "models.scripts",
    "ScriptVersion": "models.scripts",
    "connect": "engine",
    "js": "flows.references",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in MODULES:
        return import_module(f"{__name__}.{MODULES[name]}")
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Register the magics; nothing is connected or loaded beyond what that takes."""
    import_module(f"{__name__}.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Remove the magics and close the connection; the engine goes on."""
    import_module(f"{__name__}.magics").unload(shell)
