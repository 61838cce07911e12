"""A Jupyter Server extension: the engines of this user, reached from the browser without their tokens.

It is enabled by installing the package. Kernels are not involved: it works while they are busy, dead or restarting.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "flexwm_nb.labserver"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    from flexwm_nb.labserver.routes import add_routes

    add_routes(server_app.web_app)
