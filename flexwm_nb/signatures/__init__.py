"""What a script's function takes: its signature and the JSON schema of its arguments, as Windmill's parsers find them.

`parse_signature` gives the parser's document, `infer_schema` the schema that Windmill's front end makes of it,
`check_syntax` refuses source that the language itself would refuse, and `surprises` warns where Windmill's behaviour
differs from what the source says.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from importlib import import_module
from typing import Any

from flexwm_nb.errors import InvalidSource, UnknownLanguage
from flexwm_nb.signatures.base import Language

# language -> module of this package that knows it
MODULES = {
    "python3": "python3",
    "bash": "bash",
    "bun": "typescript",
    "bunnative": "typescript",
    "deno": "typescript",
    "nativets": "typescript",
    "go": "go",
    "postgresql": "postgresql",
    "mysql": "sql",
    "duckdb": "sql",
    "bigquery": "sql",
    "snowflake": "sql",
    "mssql": "sql",
    "oracledb": "sql",
    "graphql": "graphql",
    "powershell": "powershell",
    "php": "php",
}

REMEMBERED = 512  # sources whose signature is kept


def language(name: str) -> Language:
    """The language's parser. Raises UnknownLanguage."""
    if name not in MODULES:
        known = ", ".join(sorted(MODULES))
        raise UnknownLanguage(f"{name!r} has no signature parser here", remedy=f"Known are {known}", language=name)
    module = import_module(f"{__name__}.{MODULES[name]}")
    found: Language = module.LANGUAGES[name] if hasattr(module, "LANGUAGES") else module.LANGUAGE
    return found


def parse_signature(language_name: str, content: str, entrypoint: str | None = None) -> dict[str, Any]:
    """The signature of a script's function (`main` unless `entrypoint` names another).

    The document is that of Windmill's parsers (py 1.693.1, ts 1.695.0, go 1.510.1, php 1.647.1, regex 1.692.0):
    star_args, star_kwargs, args with name, typ, default, has_default, otyp and oidx; auto_kind; has_preprocessor.
    Raises InvalidSource, with line and column, where the parser refuses the source, and UnknownLanguage.
    """
    return copy.deepcopy(_parse(language_name, content, entrypoint))


@lru_cache(maxsize=REMEMBERED)
def _parse(language_name: str, content: str, entrypoint: str | None) -> dict[str, Any]:
    try:
        return language(language_name).parse(content, entrypoint)
    except RecursionError:
        raise too_deep(language_name, content) from None


def too_deep(language_name: str, content: str) -> InvalidSource:
    """The error for a source that no parser follows to its end."""
    text = content.split("\n", maxsplit=1)[0]
    return InvalidSource(why="it is nested too deeply", line=1, column=1, text=text, language=language_name)


def infer_schema(language_name: str, content: str, entrypoint: str | None = None) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a script's arguments. Raises as parse_signature."""
    from flexwm_nb.signatures.schema import schema_of

    found = parse_signature(language_name, content, entrypoint)
    return schema_of(found, language(language_name).connection(content))


def check_syntax(language_name: str, content: str) -> None:
    """Raise InvalidSource with line, column and text when the source is not of its language."""
    if language_name in MODULES:
        language(language_name).check(content)


def surprises(language_name: str, content: str) -> list[str]:
    """Where Windmill would surprise the author: one sentence each, with the line. Empty for other languages."""
    return language(language_name).surprises(content) if language_name in MODULES else []
