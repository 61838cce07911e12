"""The magics' settings, for `%config WindmillMagics` and IPython's configuration files."""

from __future__ import annotations

from traitlets import Bool, Enum, Int, Unicode
from traitlets.config import Configurable


class WindmillMagics(Configurable):
    """How the magics of flexwm_nb work and look."""

    engine = Unicode("", help="local or the URL of a Windmill; empty = FLEXWM_ENGINE, else local").tag(config=True)
    workspace = Unicode("", help="workspace; empty = FLEXWM_WORKSPACE, else demo").tag(config=True)
    autostart = Bool(True, help="start or find the engine when the extension is loaded").tag(config=True)
    display = Enum(
        ("auto", "rich", "text", "plain"),
        "auto",
        help="rich: HTML and a line that lives; text: printed; plain: without ids and times, the same in every run; "
        "auto = FLEXWM_DISPLAY, else what the front end can",
    ).tag(config=True)
    autoframe = Bool(True, help="show a result that is a list of records as a pandas DataFrame").tag(config=True)
    tail_lines = Int(10, min=0, help="how many of the newest log lines stand below a run").tag(config=True)
    on_interrupt = Enum(
        ("cancel", "detach"), "cancel", help="what an interrupt does to the job that the cell waits for"
    ).tag(config=True)
