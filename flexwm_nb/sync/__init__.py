"""Workspaces as files, laid out as `wmill sync` lays them, and from one engine to another."""

from __future__ import annotations

from flexwm_nb.sync.files import Layout
from flexwm_nb.sync.workspaces import (
    FileChange,
    ItemChange,
    Target,
    copy,
    layout_of,
    local_files,
    plan_pull,
    plan_push,
    pull,
    push,
    remote_files,
)

__all__ = [
    "FileChange",
    "ItemChange",
    "Layout",
    "Target",
    "copy",
    "layout_of",
    "local_files",
    "plan_pull",
    "plan_push",
    "pull",
    "push",
    "remote_files",
]
