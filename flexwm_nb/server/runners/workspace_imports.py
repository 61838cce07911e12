"""Scripts of the workspace as modules: `from f.folder.script import x`. Standard library alone.

The source is asked for when the module is imported, with the job's own token. A folder is a package; what is neither a
script nor a folder with scripts is no module.

Behaviour: Windmill 1.743, its worker's loader (reference: languages.md section 2).
"""

from __future__ import annotations

import json
import os
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from typing import Any

ROOTS = ("f", "u")
FOLDER = 2  # parts of the shortest path of a folder, f/NAME: no script is there
PATIENCE = 30.0  # seconds until an answer


class Finder:
    """Finds such modules, for `sys.meta_path`."""

    temporary: dict[str, str] = {}  # path -> hash of a source that stands there for this job alone

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        """The module of a script or folder; None for every other name."""
        parts = name.split(".")
        if parts[0] not in ROOTS:
            return None
        if len(parts) <= FOLDER:
            return package(name)
        place = "/".join(parts)
        kept = cls.temporary.get(place)
        source = fetch("raw_unpinned/p/%s.py" % place + ("?temp_script_hash=" + kept if kept else ""))
        if source is not None:
            return ModuleSpec(name, Script(name, source), origin=place + ".py")
        if any(path.startswith(place + "/") for path in cls.temporary):
            return package(name)
        listed = fetch("list?per_page=1&include_without_main=true&path_start=%s/" % place)
        return package(name) if json.loads(listed or "[]") else None


class Script(Loader):
    """Makes a module of a source."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def create_module(self, spec: Any) -> None:
        """An ordinary module."""
        return

    def exec_module(self, module: Any) -> None:
        """Run the source in it."""
        module.__file__ = os.path.join(os.getcwd(), module.__spec__.origin)
        exec(compile(self.source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def get_source(self, name: str) -> str:
        """The source, which tracebacks show."""
        return self.source


def package(name: str) -> ModuleSpec:
    """A folder of the workspace."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [os.path.join(os.getcwd(), *name.split("."))]
    return spec


def fetch(path: str) -> Any:
    """What the engine says about a workspace's scripts; None where there is nothing. Raises ImportError."""
    import http.client
    from urllib.parse import quote, urlsplit

    address = urlsplit(os.environ.get("BASE_INTERNAL_URL", ""))
    where = "/api/w/%s/scripts/%s" % (os.environ.get("WM_WORKSPACE", ""), quote(path, safe="/?=&"))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    try:
        connection.request("GET", where, headers={"Authorization": "Bearer " + os.environ.get("WM_TOKEN", "")})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except OSError as error:
        raise ImportError("the engine cannot be asked for scripts of the workspace: %s" % error) from None
    finally:
        connection.close()
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise ImportError("the engine does not give the scripts of the workspace: %s" % text)
    return text
