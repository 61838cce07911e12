"""All routes of the extension, below `flexwm/`."""

from __future__ import annotations

from jupyter_server.utils import url_path_join
from tornado import web

from flexwm_nb.labserver.engines import Engines
from flexwm_nb.labserver.feed_handler import FeedHandler
from flexwm_nb.labserver.feeds import Feeds
from flexwm_nb.labserver.handlers import ENGINES, FEEDS, NAME, PROXY, EnginesHandler, ProxyHandler, StartHandler
from flexwm_nb.labserver.proxy import Proxy
from flexwm_nb.labserver.tools import (
    CompleteHandler,
    DiffHandler,
    ExportHandler,
    FlowHandler,
    QuickstartHandler,
    RegisterHandler,
    RunsHandler,
    ScriptHandler,
    YamlHandler,
)

ROUTES = (
    ("engines", EnginesHandler),
    ("engines/local/start", StartHandler),
    (f"e/{NAME}/api/(.+)", ProxyHandler),
    (f"e/{NAME}/feed/([0-9a-f-]+)", FeedHandler),
    (f"e/{NAME}/register", RegisterHandler),
    ("complete", CompleteHandler),
    ("diff", DiffHandler),
    ("export", ExportHandler),
    ("flow", FlowHandler),
    ("quickstart", QuickstartHandler),
    ("runs", RunsHandler),
    ("script", ScriptHandler),
    ("yaml", YamlHandler),
)


def add_routes(application: web.Application) -> None:
    """Add the routes to a Jupyter server."""
    engines = application.settings[ENGINES] = Engines()
    application.settings[PROXY] = Proxy(engines)
    application.settings[FEEDS] = Feeds(engines)
    base = url_path_join(application.settings["base_url"], "flexwm")
    application.add_handlers(".*$", [(url_path_join(base, path), handler) for path, handler in ROUTES])
