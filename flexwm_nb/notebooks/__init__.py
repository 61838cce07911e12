"""Notebooks as flows and flows as notebooks."""

from __future__ import annotations

from flexwm_nb.notebooks.compiler import Edge, NotebookFlow
from flexwm_nb.notebooks.conversion import FORMAT, KEY, NAMED, cell, flow_of, from_flow, read, to_flow, write

__all__ = ["FORMAT", "KEY", "NAMED", "Edge", "NotebookFlow", "cell", "flow_of", "from_flow", "read", "to_flow", "write"]
