"""Which arguments a preprocessor takes, and so what it is given of a request.

Behaviour: Windmill 1.743.
"""

from __future__ import annotations

from functools import lru_cache

from flexwm_nb.errors import FlexwmError
from flexwm_nb.signatures import parse_signature

FUNCTION = "preprocessor"
LANGUAGES = frozenset({"python3", "bun", "bunnative", "nativets", "deno"})  # that may have one


@lru_cache(maxsize=512)
def takes_names(language: str, content: str) -> bool:
    """Whether it is of the older kind, which takes arguments by name: it asks for `wm_trigger`, or not for `event`."""
    if language not in LANGUAGES:
        return False
    try:
        names = {argument["name"] for argument in parse_signature(language, content, FUNCTION)["args"]}
    except FlexwmError:  # which its job will tell
        return False
    return "wm_trigger" in names or (bool(names) and "event" not in names)
