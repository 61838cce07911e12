"""Python scripts: called on a warm process of the interpreter that registered them."""

from __future__ import annotations

import json
import keyword
import platform
import re
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.server.runners.base import Ending, Kept, Runner, RunnerError, RunRequest
from flexwm_nb.server.runners.jsonb import normalize
from flexwm_nb.signatures import parse_signature

VERSION = ".".join(platform.python_version_tuple()[:2])
VERBATIM = re.compile(r"^#\s*skip_result_postprocessing\s*$", re.MULTILINE)
CONVERTED = ("bytes", "datetime", "date")


class Python3(Runner):
    """python3, by its `main` or another function."""

    languages = ("python3",)
    program = "python run"

    def banner(self, request: RunRequest) -> str:
        """Windmill's banner with the Python's version."""
        return f"\n\n--- PYTHON ({VERSION}) CODE EXECUTION ---\n"

    def order(self, request: RunRequest) -> dict[str, Any]:
        """Import the script and call it. Raises RunnerError when Windmill's parser refuses it."""
        function = request.entrypoint or "main"
        try:
            everything, parameters = taken(request.content, request.entrypoint)
        except InvalidSource as error:
            raise RunnerError(f"Error: Error parsing code: {error} @flexwm") from None
        module = module_name(request.path)
        return {
            "files": {module.replace(".", "/") + ".py": request.content},
            "environment": request.environment,
            "limits": request.limits.as_dict(),
            "python": {
                "module": module,
                "file": module.replace(".", "/") + ".py",
                "function": function,
                "arguments": request.arguments,
                "everything": everything,
                "parameters": parameters,
                "verbatim": VERBATIM.search(request.content) is not None,
                "result_bytes": request.limits.result_bytes,
                "step": request.flow_step_id,
            },
        }

    def kept(self, request: RunRequest) -> Kept | None:
        """A process that has imported the script, where it is a dedicated one."""
        if not request.dedicated:
            return None
        parts = (request.workspace, request.path, request.interpreter, request.lock, request.content)
        key = sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return Kept(key=key, order={**self.order(request), "serves": True}, interpreter=request.interpreter)

    def result(self, request: RunRequest, ending: Ending) -> tuple[bool, str]:
        """What the function returned, or what it streamed."""
        text = ending.reply or "null"
        if not ending.stream:
            return True, text
        if text == "null":
            return True, json.dumps(ending.stream, ensure_ascii=False)
        if text.startswith("{"):
            merged = {**json.loads(text), "wm_stream": ending.stream}
            return True, normalize(json.dumps(merged, ensure_ascii=False))
        return True, text


@lru_cache(maxsize=512)
def taken(content: str, entrypoint: str | None) -> tuple[bool, tuple[dict[str, Any], ...]]:
    """Whether the function takes every argument, and its parameters. Raises InvalidSource."""
    signature = parse_signature("python3", content, entrypoint)
    return bool(signature["star_kwargs"]), tuple(parameter(found) for found in signature["args"])


def parameter(found: dict[str, Any]) -> dict[str, Any]:
    """What the wrapper must know of a parameter."""
    kind = found["typ"]
    return {
        "name": found["name"],
        "optional": found["has_default"],
        "type": kind if isinstance(kind, str) and kind in CONVERTED else "",
    }


def module_name(path: str | None) -> str:
    """The module that a script at this path is: `f/a/my-script` is `f.a.my_script`; without a path `tmp.main`."""
    if not path:
        return "tmp.main"
    *packages, last = [part for part in path.split("/") if part]
    name = re.sub(r"\W", "_", last.lower())
    if not name or name[0].isdigit() or keyword.iskeyword(name):
        name = f"_{name}"
    return ".".join([*(re.sub(r"\W", "_", part) for part in packages), name])
