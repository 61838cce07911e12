"""`flexwm build`: the Windmill program of the managed engine, made from a checkout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

LINE = "\r\x1b[K"  # a terminal's line is written over
SEVERAL = 25  # steps between two lines where there is no terminal
COLUMNS = 100


def build(options: argparse.Namespace) -> int:
    """Build it, and say where it is. An interrupt stops it; the next build goes on."""
    from flexwm_nb.backends.managed.manager import BuildManager
    from flexwm_nb.config import Config

    manager = BuildManager(Config(source=options.source))
    try:
        made = manager.build(teller())
    finally:
        sys.stderr.write(LINE if sys.stderr.isatty() else "")
    print(f"Windmill {made.version}: {made.path}")
    return 0


def teller() -> Callable[[str], None]:
    """What shows each step: in one line of a terminal, now and then elsewhere."""
    counted = 0

    def tell(step: str) -> None:
        nonlocal counted
        counted += 1
        if sys.stderr.isatty():
            sys.stderr.write(LINE + step[:COLUMNS])
            sys.stderr.flush()
        elif counted % SEVERAL == 1:
            print(step, file=sys.stderr)

    return tell
