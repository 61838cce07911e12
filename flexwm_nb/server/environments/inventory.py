"""A program for any interpreter: which packages bring given modules, and what they and given packages need.

Usage: inventory.py MODULES PACKAGES (JSON lists). Standard library alone, of Python 3.8 and newer.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from typing import Any

NAME = re.compile(r"[\w.-]+")


def canonical(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(package: Any) -> str:
    """A package's name: by that of its folder, which is quicker to read than its metadata."""
    folder = getattr(getattr(package, "_path", None), "name", "")
    return canonical(folder.split("-")[0] if "-" in folder else package.metadata["Name"] or "")


def origin(package: Any) -> Any:
    """Where it came from, if not from an index."""
    try:
        return json.loads(package.read_text("direct_url.json") or "null")
    except ValueError:
        return None


def brings(package: Any, wanted: dict[str, str]) -> list[str]:
    """Those of the wanted modules that a package has, by its list of files."""
    record = "\n" + (package.read_text("RECORD") or "")
    tops = (package.read_text("top_level.txt") or "").split()
    return [
        module
        for module, place in wanted.items()
        if module in tops or f"\n{place}/" in record or f"\n{place}." in record
    ]


def main() -> None:
    """Print it."""
    wanted = {module: module.replace(".", "/") for module in json.loads(sys.argv[1])}
    modules: dict[str, list[str]] = {module: [] for module in wanted}
    known: dict[str, Any] = {}
    waiting = [canonical(name) for name in json.loads(sys.argv[2])]
    for found in metadata.distributions():
        name = name_of(found)
        if known.setdefault(name, found) is found:
            for module in brings(found, wanted) if wanted else ():
                modules[module].append(name)
                waiting.append(name)
    packages: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        package = known.get(name)
        if package is not None and name not in packages:
            requires = package.requires or []
            packages[name] = {"version": package.version, "requires": requires, "origin": origin(package)}
            waiting.extend(canonical(start[0]) for start in map(NAME.match, requires) if start)
    print(json.dumps({"packages": packages, "modules": modules}))


main()
