"""The routes, one file an area: HTTP in, operations of the store, the queue and the worker out."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from starlette.routing import Route


def all_routes() -> list[Route]:
    """Every module's `routes`, in the order of the modules' names."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return [route for module in modules for route in module.routes]
