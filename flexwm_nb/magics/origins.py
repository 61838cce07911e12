"""Where the source of a job can be seen: in a cell of this notebook, or else on the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.traceback import Origin
from flexwm_nb.errors import FlexwmError
from flexwm_nb.magics.session import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flexwm_nb.engine import Engine
    from flexwm_nb.models.jobs import Job


async def origin_of(call: Call, engine: Engine, job: Job) -> Origin:
    """The source of a job: of a script's version, of a flow's step, or of what was run without being registered."""
    known = call.session.origin(job.hash)
    if known is not None:
        return known
    path, language = job.path or "", job.language or "python3"
    raw = getattr(job, "raw_code", None)
    if isinstance(raw, str) and raw:
        found = call.session.origin(source_key(raw))
        return replace(found, path=path) if found else Origin(path=path, content=raw, language=language, label=path)
    if job.hash is None or not path:
        return Origin(path=path, content="", language=language)
    try:
        version = await call.work(engine.scripts.resolve, f"{path}@{job.hash}")
        script = await call.work(engine.scripts.get, f"{path}@{job.hash}")
    except FlexwmError:
        return Origin(path=path, content="", language=language)
    label = f"{path} v{version.number}"
    origin = Origin(path=path, content=script.content, language=script.language, label=label)
    call.session.remember_origin(job.hash, origin)
    return origin


def source_key(content: str) -> str:
    """The name under which the origin of a source without a version is kept."""
    return f"source {hash(content)}"


def remember_steps(call: Call, path: str, modules: Sequence[Mapping[str, Any]], text: str, number: int) -> None:
    """Keep where the code of a flow's steps stands in the text of a cell."""
    for module in modules:
        value = module.get("value") or {}
        content = value.get("content")
        if value.get("type") != "rawscript" or not isinstance(content, str):
            continue
        language, above = str(value.get("language")), shift(content, text)
        if above is None and call.session.origin(source_key(content)) is not None:
            continue
        label = f"step {module.get('id')} of {path}"
        cell = number if above is not None else None
        origin = Origin(
            path=f"{path}/{module.get('id')}",
            content=content,
            language=language,
            cell=cell,
            above=above or 0,
            shown=None if above is None else _beside(content, text, above),
            label=label,
        )
        call.session.remember_origin(source_key(content), origin)


def _beside(content: str, text: str, above: int) -> str:
    """What stands in a text where a source's lines are said to stand."""
    lines = text.split("\n")
    rows = (row + above for row in range(len(content.split("\n"))))
    return "\n".join(lines[row] if 0 <= row < len(lines) else "" for row in rows)


def shift(content: str, text: str) -> int | None:
    """How many lines further down in a text most lines of a source stand; None where it is not there."""
    places: dict[str, list[int]] = {}
    for row, line in enumerate(text.split("\n")):
        places.setdefault(line.strip(), []).append(row)
    votes: dict[int, int] = {}
    lines = [line.strip() for line in content.split("\n")]
    for row, line in enumerate(lines):
        for place in places.get(line, []) if len(line) > 1 else []:
            votes[place - row] = votes.get(place - row, 0) + 1
    best = max(votes, key=lambda found: votes[found], default=None)
    filled = min(sum(len(line.strip()) > 1 for line in part) for part in (lines, text.split("\n")))
    return best if best is not None and votes[best] * 2 >= filled - 1 else None
