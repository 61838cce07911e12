"""The logs of a flow and of all that it ran, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flexwm_nb.server.context import Context
from flexwm_nb.server.store.connections import Row

Entry = dict[str, Any]


async def collect(parts: Context, workspace: str, root: str) -> list[Entry]:
    """One entry a job, each flow before its steps."""
    rows = await parts.database.scan("steps_tree", workspace=workspace, id=root)
    children: dict[str | None, list[Row]] = {}
    for row in rows:
        children.setdefault(row["parent_job"], []).append(row)
    top = next(row for row in rows if row["id"] == root)
    return [{**entry, "logs": await parts.logs.read(entry["job_id"]) or ""} for entry in _walk(top, children)]


def _walk(row: Row, children: dict[str | None, list[Row]], depth: int = 0, above: str = "") -> Iterator[Entry]:
    """The jobs of a tree with their places."""
    yield _entry(row, depth, above, 1, 1)
    stack = [(_siblings(children.get(row["id"], [])), depth + 1, above)]
    while stack:
        siblings, level, path = stack.pop()
        if not siblings:
            continue
        (child, index, count), *rest = siblings
        stack.append((rest, level, path))
        yield _entry(child, level, path, index, count)
        stack.append((_siblings(children.get(child["id"], [])), level + 1, _path(path, child["flow_step_id"])))


def _siblings(rows: list[Row]) -> list[tuple[Row, int, int]]:
    """The jobs below one, each with its number among those of its step."""
    counts: dict[str | None, int] = {}
    numbered = []
    for row in rows:
        counts[row["flow_step_id"]] = counts.get(row["flow_step_id"], 0) + 1
        numbered.append((row, counts[row["flow_step_id"]]))
    return [(row, number, counts[row["flow_step_id"]]) for row, number in numbered]


def _path(above: str, step: str | None) -> str:
    return f"{above}/{step}" if above and step else above or step or ""


def _entry(row: Row, depth: int, above: str, index: int, count: int) -> Entry:
    path = _path(above, row["flow_step_id"])
    label = path or row["path"] or row["kind"]
    return {
        "job_id": row["id"],
        "label": f"{label} ({index}/{count})" if count > 1 else label,
        "kind": row["kind"],
        "flow_step_id": row["flow_step_id"],
        "step_path": path,
        "depth": depth,
        "parent_module_type": None,
        "sibling_index": index,
        "sibling_count": count,
    }


def as_text(entries: list[Entry]) -> str:
    """All logs one after the other, each below a line that says whose it is."""
    return "\n".join(f"=== {entry['label']} ({entry['job_id']}) ===\n{entry['logs']}" for entry in entries)
