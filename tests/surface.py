"""`third_party/windmill/ROUTES.md`: which of Windmill's requests the local engine answers.

Write it anew with `python -m tests.surface`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from flexwm_nb.server.routes import all_routes
from flexwm_nb.server.web import surface

FILE = Path(__file__).parents[1] / "third_party" / "windmill" / "ROUTES.md"
HEAD = """# Which of Windmill's requests the local engine answers

Of the paths in the OpenAPI document of Windmill 1.743, below `/api`; `W` is `/w/WORKSPACE`. To all others of them it
answers 501, to paths that Windmill does not know 404. Where answers differ from Windmill's, `DIFFERENCES.md` says so.
This file is written by `python -m tests.surface`; a test compares it.

"""
OF_WORKSPACE = "/w/{workspace}/"
PARAMETER = re.compile(r"\{[^}]*\}")

Request = tuple[str, str]  # method, path with its parameters' names taken out


def plain(path: str) -> str:
    """A path without the names of its parameters."""
    return PARAMETER.sub("{}", path)


def windmill() -> dict[Request, str]:
    """Windmill's requests, with their paths as it writes them."""
    return {(method, plain(one.path)): one.path for one in surface.operations() for method in one.methods}


def ours() -> set[Request]:
    """The local engine's."""
    return {(method, plain(route.path)) for route in all_routes() for method in route.methods or () if method != "HEAD"}


def document() -> str:
    """The file's text."""
    known, here = windmill(), ours()
    areas: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for request, path in sorted(known.items(), key=lambda item: (item[1], item[0])):
        area, rest = split(path)
        areas[area][request not in here].append(f"`{request[0]} {rest}`" if rest else f"`{request[0]}`")
    there = [f"## {area}\n\n{counted(*lists)}\n" for area, lists in sorted(areas.items()) if lists[0]]
    gone = ", ".join(f"`{area}` ({len(lists[1])})" for area, lists in sorted(areas.items()) if not lists[0])
    total = f"{len(set(known) & here)} of {len(known)} requests are answered.\n\n"
    return HEAD + total + "\n".join(there) + f"\n## Areas that are not there\n\n{gone}\n"


def split(path: str) -> tuple[str, str]:
    """The area of a path, and the rest."""
    short = "W/" + path.removeprefix(OF_WORKSPACE) if path.startswith(OF_WORKSPACE) else path.removeprefix("/")
    parts = short.split("/", 2) if short.startswith("W/") else short.split("/", 1)
    width = 2 if short.startswith("W/") else 1
    return "/".join(parts[:width]), parts[width] if len(parts) > width else ""


def counted(there: list[str], missing: list[str]) -> str:
    """What is there of an area, and what not."""
    more = f"\n\nNot there: {', '.join(missing)}" if missing else ""
    return f"There: {', '.join(there)}{more}"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
