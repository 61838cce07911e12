"""PowerShell: the parameters of the script's `param(…)` (Windmill's parser, regex 1.692.0)."""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.signatures.base import Language, argument, signature

COMMENT = re.compile(r"('[^']*'|\"[^\"]*\")|<#.*?#>|#[^\n]*", re.DOTALL)
HEAD = re.compile(r"\s*((?:\[[^\]]*\]\s*)*)param\s*(?=\()", re.IGNORECASE)
BINDING = re.compile(r"\[\s*CmdletBinding\s*\(([^)]*)\)", re.IGNORECASE)
SHOULD_PROCESS = re.compile(r"SupportsShouldProcess(?!\s*=\s*\$false)", re.IGNORECASE)
NAME = re.compile(r"\$([A-Za-z0-9_]*)")
MANDATORY = re.compile(r"Mandatory(?!\s*=\s*\$false)", re.IGNORECASE)
CHOICES = re.compile(r"ValidateSet\s*\(([^)]*)\)", re.IGNORECASE)
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+|(?:\.[0-9]+)?[eE][+-]?[0-9]+)?")
FRACTION = re.compile(r"-?\.[0-9]+")  # a number whose value Windmill's parser loses
KIND = re.compile(r"\[([A-Za-z0-9_.]+(?:\[[A-Za-z0-9_.]*\])*)\]")
KINDS: dict[str, Any] = {
    "int": "int",
    "long": "int",
    "double": "float",
    "decimal": "float",
    "single": "float",
    "bool": "bool",
    "switch": "bool",
    "datetime": "datetime",
    "pscustomobject": {"object": {"name": None, "props": None}},
}


class PowerShell(Language):
    """powershell."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The parameters of a `param(…)` that only comments and attributes stand before."""
        bare = COMMENT.sub(lambda match: match[1] or "", content)
        head = HEAD.match(bare)
        more = binding(bare)
        if head is None:
            return signature([], **more)
        parts = split(bare[head.end() + 1 :])
        return signature([entry(part) for part in parts or [] if "$" in part], **more)


def binding(bare: str) -> dict[str, bool]:
    """What `[CmdletBinding(…)]` says, where it stands."""
    found = BINDING.search(bare)
    if found is None:
        return {}
    return {"has_cmd_binding": True, **({"supports_should_process": True} if SHOULD_PROCESS.search(found[1]) else {})}


def split(block: str) -> list[str] | None:
    """The parameters up to the closing parenthesis, parted at commas; None where it is not closed.

    Commas and parentheses in brackets and in quotes part nothing.
    """
    parts = [""]
    depth = 0
    quote = ""
    for character in block:
        if quote or character in "'\"":
            quote = "" if character == quote else quote or character
        elif character == ")" and depth == 0:
            return parts
        depth += (character in "([{" and not quote) - (character in ")]}" and not quote)
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return None


def entry(part: str) -> dict[str, Any]:
    """One parameter's entry."""
    end = part.rfind("]", 0, start_of_default(part)) + 1
    before, _, rest = part[:end], *part[end:].partition("$")[1:]
    name = NAME.match(f"${rest}")
    _, equals, written = rest.partition("=")
    default = default_of(written.strip()) if equals else None
    is_float = isinstance(default, float) or bool(equals and FRACTION.fullmatch(written.strip()))
    otyp = next((one for one in reversed(KIND.findall(before))), None)
    kind = "float" if otyp is None and is_float else kind_of(otyp, default)
    if choices := CHOICES.search(before):
        kind = {"str": [one or other for one, other in QUOTED.findall(choices[1])]}
    has_default = default is not None or not MANDATORY.search(before)
    return argument(name[1] if name else "", kind, default, has_default, otyp)


def start_of_default(part: str) -> int:
    """Where the default's equals sign stands, outside of brackets; the end, where there is none."""
    depth = 0
    for position, character in enumerate(part):
        depth += (character in "[(") - (character in "])")
        if character == "=" and depth == 0:
            return position
    return len(part)


def kind_of(otyp: str | None, default: Any) -> Any:
    """A type by its name, else by the default; text, where neither says more."""
    if otyp is not None:
        return {"list": kind_of(otyp[:-2], None)} if otyp.endswith("[]") else KINDS.get(otyp.lower(), {"str": None})
    return "int" if isinstance(default, int) else {"str": None}


def default_of(text: str) -> Any:
    """A number or a quoted text; anything else is not known."""
    if found := NUMBER.fullmatch(text):
        return float(text) if found[1] else int(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else None


LANGUAGE = PowerShell()
