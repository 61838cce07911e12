"""Files that tell where an engine is and hold its token: read only where nobody else could have written them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

OTHERS = 0o077  # permissions of everybody but the owner


def read(path: Path) -> dict[str, Any] | None:
    """The file's JSON object; None where there is none that can be trusted.

    It has to be a file of this user's, no link, and closed to everybody else.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        facts = os.fstat(descriptor)
        if facts.st_uid != os.getuid() or facts.st_mode & OTHERS:
            return None
        try:
            found = json.load(file)
        except ValueError:
            return None
    return found if isinstance(found, dict) else None
