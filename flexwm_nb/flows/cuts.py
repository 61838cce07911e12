"""The beginning of a flow, up to a step."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from flexwm_nb.errors import InvalidInput


def cut_after(value: Mapping[str, Any], step: str) -> dict[str, Any]:
    """A flow's value without what comes after a step. Raises InvalidInput for a step that is not there."""
    from flexwm_nb.flows.builder import modules_in

    modules = value.get("modules") or []
    for number, module in enumerate(modules):
        inside = [str(found.get("id")) for found in modules_in({"value": {"modules": [module]}})]
        if step in inside:
            return {**value, "modules": modules[: number + 1]}
    known = [str(found.get("id")) for found in modules_in({"value": value})]
    close = get_close_matches(step, known, 1)
    remedy = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}"
    raise InvalidInput(f"the flow has no step {step!r}", remedy=remedy)
