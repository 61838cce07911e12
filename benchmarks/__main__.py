"""`make bench`: measure everything, print a table, keep it as Markdown and JSON in benchmarks/results/."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks import client, engine, floors, flows, languages, notebook
from benchmarks.measuring import Figure

RESULTS = Path(__file__).parent / "results"
MARKS = {None: "", True: "reached", False: "missed"}


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    head = ["| what | p50 | p95 | unit | goal | |", "| --- | ---: | ---: | --- | ---: | --- |"]
    return "\n".join([*head, *map(row, figures)])


def row(figure: Figure) -> str:
    """One line of the table."""
    p95 = "" if figure.p95 is None else f"{figure.p95:.2f}"
    goal = "" if figure.goal is None else f"{'≥' if figure.more_is_better else '≤'} {figure.goal:g}"
    cells = (figure.name, f"{figure.p50:.2f}", p95, figure.unit, goal, MARKS[figure.reached])
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and tell."""
    rooms = (floors, engine, languages, flows, client, notebook)
    figures = [figure for room in rooms for figure in room.measure()]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    text = f"{machine}\n\n{table(figures)}\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "results.md").write_text(text, "utf-8")
    (RESULTS / "results.json").write_text(json.dumps([figure.as_dict() for figure in figures], indent=1), "utf-8")
    print(text)


if __name__ == "__main__":
    main()
