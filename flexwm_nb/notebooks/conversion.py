"""Notebooks as flows and flows as notebooks; pure.

A cell becomes a step that takes what it reads and gives what later cells read. Imports, functions, classes and plain
constants go into each step that uses them; a cell tagged `parameters` becomes the flow's inputs. What cannot be right
as a flow is refused, with the cell and the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flexwm_nb.errors import InvalidFlow, InvalidInput
from flexwm_nb.flows.builder import Flow, modules_in
from flexwm_nb.flows.problems import CELL, Problem
from flexwm_nb.notebooks.cells import Cell, analysed, follow_changes
from flexwm_nb.notebooks.compiler import Compiler, NotebookFlow, refused

SKIP = "flow:skip"  # the tag of a cell that is left out
NAMED = "step:"  # the tag that names a cell's step
KEY = "windmill"  # in the metadata of cells and notebooks
STEP_MAGIC = "%%windmill_step"
FORMAT = {"nbformat": 4, "nbformat_minor": 5}

Notebook = Mapping[str, Any]


def read(path: str | Path) -> dict[str, Any]:
    """A notebook's file. Raises InvalidInput."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read", why=error.strerror) from None
    except ValueError as error:
        raise InvalidInput(f"{path} is no notebook", why=str(error)) from None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise InvalidInput(f"{path} is no notebook", why="it has no cells")
    return found


def write(notebook: Notebook, path: str | Path) -> None:
    """Write a notebook's file. Raises InvalidInput."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written", why=error.strerror) from None


def to_flow(notebook: Notebook, path: str | None = None, *, summary: str = "") -> NotebookFlow:
    """A notebook's cells as a flow. Raises InvalidFlow with every reason why it cannot be one."""
    cells = [cell for cell in _cells(notebook) if SKIP not in cell.tags]
    for cell in cells:
        follow_changes(cell, {name: node for other in cells for name, node in other.definitions.items()})
    problems = [Problem(f"{CELL}{cell.number}", "", text) for cell in cells for text in cell.problems]
    problems += list(_alias_problems(cells))
    if problems:
        raise refused(problems)
    return Compiler(cells, Flow(path, summary=summary)).compiled()


def from_flow(flow: Flow) -> dict[str, Any]:
    """A flow as a notebook, a cell a step; `flow_of` makes the flow of it again."""
    document = flow.to_document()
    title = document.get("summary") or flow.path or "Flow"
    heading = f"# {title}\n\n{document.get('description') or ''}".rstrip()
    cells = [cell("markdown", heading, {}), cell("code", "%load_ext flexwm_nb", {})]
    for module in modules_in(document):
        cells.append(_cell_of(module))
    metadata = {KEY: {"path": flow.path, "flow": document}, "language_info": {"name": "python"}}
    for number, made in enumerate(cells):
        made["id"] = f"cell-{number}"
    return {"cells": cells, "metadata": metadata, **FORMAT}


def flow_of(notebook: Notebook) -> Flow:
    """The flow of a notebook that `from_flow` made, with the code that its cells have now. Raises InvalidFlow."""
    found = (notebook.get("metadata") or {}).get(KEY) or {}
    if "flow" not in found:
        remedy = "Open one with flexwm_nb.notebooks.from_flow, or export this one with to_flow"
        raise InvalidFlow("The notebook was not made of a flow", remedy=remedy)
    flow = Flow.read(found["flow"], found.get("path"))
    steps = flow.steps
    for cell in notebook["cells"]:
        step = ((cell.get("metadata") or {}).get(KEY) or {}).get("step")
        if step is None or cell.get("cell_type") != "code":
            continue
        if step not in steps:
            raise InvalidFlow(f"The flow has no step {step}", remedy="Add it to the flow first", step=step)
        source = _source(cell)
        steps[step].document["value"]["content"] = source.partition("\n")[2] if source.startswith("%%") else source
    return flow


def _cells(notebook: Notebook) -> Iterator[Cell]:
    number = 0
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") != "code":
            continue
        number += 1
        source = _source(cell)
        tags = [str(tag) for tag in (cell.get("metadata") or {}).get("tags", [])]
        name = next((tag[len(NAMED) :] for tag in tags if tag.startswith(NAMED)), None)
        if source.strip():
            yield analysed(number, source, tags=tags, name=name)


def _source(cell: Mapping[str, Any]) -> str:
    found = cell.get("source", "")
    return "".join(found) if isinstance(found, list) else str(found)


def _alias_problems(cells: list[Cell]) -> Iterator[Problem]:
    """Two names of one object that a later cell changes through one of them: steps would have two objects."""
    for place, cell in enumerate(cells):
        for one, two in cell.aliases:
            later = cells[place + 1 :]
            changed = next((name for name in (one, two) if any(name in other.changes for other in later)), None)
            if changed is not None:
                left = two if changed == one else one
                text = f"{one} and {two} are one object that a later cell changes as {changed}: {left} would not change"
                yield Problem(f"{CELL}{cell.number}", "", text)


def cell(kind: str, source: str, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A cell of a notebook's file, without an id."""
    made: dict[str, Any] = {
        "cell_type": kind,
        "metadata": dict(metadata or {}),
        "source": source.splitlines(keepends=True),
    }
    return {**made, "execution_count": None, "outputs": []} if kind == "code" else made


def _cell_of(module: Mapping[str, Any]) -> dict[str, Any]:
    """A step's cell: its code, or in words what it does."""
    id, value = str(module.get("id", "")), module.get("value") or {}
    if value.get("type") == "rawscript":
        language = value.get("language")
        option = "" if language == "python3" else f" --language {language}"
        return cell("code", f"{STEP_MAGIC} {id}{option}\n{value.get('content') or ''}", {KEY: {"step": id}})
    what = {
        "script": f"runs the script `{value.get('path')}`",
        "flow": f"runs the flow `{value.get('path')}`",
        "forloopflow": f"runs the steps below for each of `{(value.get('iterator') or {}).get('expr') or 'a list'}`",
        "whileloopflow": "runs the steps below again and again",
        "branchone": "takes one of the branches below",
        "branchall": "takes all of the branches below",
        "identity": "passes the result before it on",
    }.get(str(value.get("type")), f"is a {value.get('type')}")
    return cell("markdown", f"**{id}** {what}", {KEY: {"step": id}})
