"""YAML 1.2 as Windmill reads and writes it, for people: texts of several lines as blocks, nothing in braces.

PyYAML itself follows YAML 1.1, where `no` is a boolean and `12:30` a number; here both are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from flexwm_nb.errors import InvalidInput

WIDTH = 80  # columns after which a long text of one line goes on in the next
BLOCK = re.compile(r"[\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")  # fits into a block
OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")  # what YAML would read as a line's end
EXACT = 2**53  # below it every whole number is one of JavaScript's
RESOLVERS: tuple[tuple[str, str, str], ...] = (  # tag, what is of it, how it may begin: YAML 1.2's core schema
    ("tag:yaml.org,2002:null", r"|~|null|Null|NULL", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
)

SIGNS = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"  # in the order of the Unicode collation
ORDER: Mapping[str, str] = {  # where `wmill` puts a key in place of where its name would
    "version": "aaa",
    "id": "aa",
    "type": "ab",
    "summary": "ad",
    "name": "ae",
    "display_name": "af",
    "description": "ag",
    "value": "ah",
    "content": "ai",
    "modules": "aj",
    "failure_module": "ak",
    "input_transforms": "al",
    "lock": "az",
    "locks": "azz",
}


class Loader(yaml.SafeLoader):
    """Reads documents of plain values: keys are texts and stand there once."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        """A mapping. Raises yaml.YAMLError for a key that stands there twice."""
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else self.construct_object(key_node, True)
            if key in found:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands there twice", key_node.start_mark)
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def read_int(self, node: yaml.ScalarNode) -> int:
        """A whole number in one of the core schema's forms."""
        text = node.value
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


class Dumper(yaml.SafeDumper):
    """Writes what `wmill` would write."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand deeper than their key."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is written as a reference to another place."""
        return True

    def choose_scalar_style(self) -> str:
        """Double quotes for a text with single ones in it."""
        style: str = super().choose_scalar_style()
        text = str(getattr(self.event, "value", ""))
        return '"' if style == "'" and "'" in text and '"' not in text and "\\" not in text else style

    def analyze_scalar(self, scalar: str) -> Any:
        """Blocks also for texts with tabs and with spaces before a line's end."""
        analysis = super().analyze_scalar(scalar)
        if analysis.multiline and BLOCK.fullmatch(scalar) and scalar.strip("\n"):
            analysis.allow_block = True
        return analysis


def _represent_text(dumper: Dumper, text: str) -> yaml.Node:
    style = '"' if OTHER_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_float(dumper: Dumper, number: float) -> yaml.Node:
    if number.is_integer() and abs(number) < EXACT:
        return dumper.represent_int(int(number))
    texts = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    return dumper.represent_scalar("tag:yaml.org,2002:float", texts.get(repr(number), repr(number)))


for _tag, _pattern, _starts in RESOLVERS:
    for _kind in (Loader, Dumper):
        _kind.add_implicit_resolver(
            _tag, re.compile(rf"^(?:{_pattern})$"), ["", *_starts] if "~" in _starts else [*_starts]
        )
Loader.add_constructor("tag:yaml.org,2002:int", Loader.read_int)
Loader.add_constructor("tag:yaml.org,2002:map", Loader.construct_mapping)
Dumper.add_representer(str, _represent_text)
Dumper.add_representer(float, _represent_float)


def load(text: str, kind: type[InvalidInput] = InvalidInput) -> Any:
    """The value of a YAML or JSON text. Raises `kind`, with line and column."""
    try:
        return yaml.load(text, Loader)  # noqa: S506  # a safe loader, with fewer types
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        why = f"line {line}, column {column}: {error.problem or error.context}"
        raise kind("The text is not valid YAML", why=why, line=line, column=column) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise kind("The text is not valid YAML", why=str(error).partition("\n")[0], line=1, column=1) from None


def compose(text: str) -> yaml.Node | None:
    """The nodes of a YAML or JSON text, with their places; None where it is none, or empty."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return node


def dump(document: Any, *, order: Callable[[str], Any] | None = None) -> str:
    """A value as YAML. `order` sorts the keys of every mapping; without it they stay as they are."""
    text: str = yaml.dump(
        document if order is None else in_order(document, order),
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH,
        default_flow_style=False,
    )
    return text


def windmill_order(name: str) -> tuple[list[int], str]:
    """How `wmill` sorts keys: some first, then signs before digits before letters, small before capital."""
    place = ORDER.get(name, name)
    return [SIGNS.find(letter) if letter in SIGNS else ord(letter) for letter in place.lower()], place.swapcase()


def in_order(value: Any, order: Callable[[str], Any] = windmill_order) -> Any:
    """The value with the keys of every mapping sorted."""
    if isinstance(value, dict):
        return {key: in_order(value[key], order) for key in sorted(value, key=order)}
    return [in_order(item, order) for item in value] if isinstance(value, list) else value
