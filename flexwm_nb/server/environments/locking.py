"""Finding the lock of a script: what its kernel has, and versions for what it lacks."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from flexwm_nb.server.environments import locks, plans
from flexwm_nb.server.environments.gathering import Script
from flexwm_nb.server.environments.installed import Installed, Unusable
from flexwm_nb.server.environments.plans import Plan
from flexwm_nb.server.environments.service import Environments, NoPackages, Note
from flexwm_nb.signatures.python3_requirements import Needs

PYTHONS = ("3.13", "3.12", "3.11", "3.10", "3.14")  # the one that a lock names where several fit


async def find_lock(environments: Environments, script: Script, note: Note) -> str:
    """The lock of a script's source. Raises NoPackages."""
    needs = environments.needs(script)
    try:
        installed, plan = await environments.look(replace(script, lock=None))
        if plan.python:
            return locks.render(another(plan), await environments.resolve(plan, installed, note))
        inventory = await environments.interpreters.inventory(installed, *asked(needs))
    except Unusable as error:
        raise NoPackages(str(error)) from None
    pins = locks.closure(roots(needs, inventory), inventory["packages"], installed)
    note_local(pins, note)
    if not plan.wanted:
        return locks.render(installed.minor, pins.lines, pins.local)
    lines = await resolve_beside(environments, plan, pins, installed, note)
    return locks.render(installed.minor, lines, pins.local)


async def resolve_beside(
    environments: Environments, plan: Plan, pins: locks.Pins, installed: Installed, note: Note
) -> list[str]:
    """Versions for what the kernel lacks, together with what it has, where the two go together. Raises NoPackages."""
    together = replace(plan, wanted=(*plan.wanted, *pins.lines))
    try:
        return await environments.resolve(together, installed, note)
    except NoPackages:
        found = await environments.resolve(plan, installed, note)
    names = {canonicalize_name(plans.requirement_of(line).name) for line in found}
    kept = [line for line in pins.lines if canonicalize_name(plans.requirement_of(line).name) not in names]
    return [*found, *kept]


def asked(needs: Needs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules and the packages that a source asks for."""
    return tuple(sorted({found.module for found in needs.imports})), tuple(
        sorted({canonicalize_name(Requirement(text).name) for text in needs.requirements})
    )


def roots(needs: Needs, inventory: dict[str, Any]) -> list[Requirement]:
    """The packages that a source asks for by name or by use."""
    named = [Requirement(text) for text in needs.requirements]
    used = [Requirement(name) for names in inventory["modules"].values() for name in names]
    return named + used


def another(plan: Plan) -> str:
    """The version of Python that a lock for another one than the kernel's names."""
    wanted = SpecifierSet(",".join(plan.python))
    own = "{}.{}".format(*sys.version_info)
    return next((version for version in (own, *PYTHONS) if wanted.contains(f"{version}.99")), PYTHONS[0])


def note_local(pins: locks.Pins, note: Note) -> None:
    """Say what nobody else can install."""
    for text in pins.local:
        note(f"\n{text}")
