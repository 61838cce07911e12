"""`python -m flexwm_nb`: the command line."""

from __future__ import annotations

import sys

from flexwm_nb.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
