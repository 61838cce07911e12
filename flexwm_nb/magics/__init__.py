"""The magics: `%load_ext flexwm_nb` puts them into a shell, `%unload_ext flexwm_nb` takes them out."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from flexwm_nb.magics.extension import Extension

_loaded: WeakKeyDictionary[Any, Extension] = WeakKeyDictionary()


def load(shell: Any) -> None:
    """Register the magics in a shell and start the engine behind the scenes."""
    if shell not in _loaded:
        _loaded[shell] = Extension(shell)
        _loaded[shell].install()


def unload(shell: Any) -> None:
    """Take the magics out of a shell; the engine and its jobs go on."""
    extension = _loaded.pop(shell, None)
    if extension is not None:
        extension.remove()


def extension_of(shell: Any) -> Extension | None:
    """What is loaded in a shell."""
    return _loaded.get(shell)
