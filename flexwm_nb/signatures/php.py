"""PHP: the parameters of the function main (Windmill's parser, php 1.647.1)."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures import trees
from flexwm_nb.signatures.base import Language, argument, signature, snake_case
from flexwm_nb.signatures.php_surprises import surprises_of

KINDS: dict[str, Any] = {
    "string": {"str": None},
    "int": "int",
    "float": "float",
    "bool": "bool",
    "array": {"list": {"str": None}},
    "object": {"object": {"name": None, "props": []}},
}
OTHERS = (  # that are no names of classes
    "iterable", "callable", "mixed", "self", "static", "parent", "null", "false", "true", "void", "never",
)  # fmt: skip
TAG = re.compile(r"<\?(?:php\b|=)", re.IGNORECASE)
NUMBER = re.compile(r"(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
LARGEST = 2**64 - 1  # of an integer
ESCAPE = re.compile(rb"\\(?:u\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"e": b"\x1b", b"f": b"\f"}
SHOWN = {*range(0x20, 0x7F), *b"\n\t\r\x1b"}  # bytes of a text that Windmill shows as they are
LITERAL = ("string_content", "escape_sequence")
READ = ("-n", "-d", "display_errors=1", "-d", "log_errors=0", "-l")  # a source without running it
COMPLAINT = re.compile(r"error: +(.*) in .* on line (\d+)")
PATIENCE = 5  # seconds for PHP to read a source


class Php(Language):
    """php."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature of the first function of that name outside of namespaces, classes and blocks."""
        root = trees.parse("php", content)
        refuse_errors(root, content)
        functions = functions_of(root)
        found = functions.get(entrypoint or "main")
        preprocessor = True if "preprocessor" in functions else None
        if found is None:
            return signature([], auto_kind="lib", has_preprocessor=preprocessor)
        declared = parameters(found)
        refused = next((node for node in declared if node.type == "property_promotion_parameter"), None)
        if refused is not None:
            raise trees.at_node(refused, "only a constructor promotes its parameters", content, "php")
        return signature([entry(node) for node in declared], has_preprocessor=preprocessor)

    def check(self, content: str) -> None:
        """Look for what PHP's grammar does not know, and for the tag without which PHP only prints a source."""
        if TAG.search(content) is None:
            text = content.split("\n", maxsplit=1)[0]
            why = "there is no `<?php`, so PHP would print the source"
            raise InvalidSource(why=why, line=1, column=1, text=text, language="PHP")
        refuse_errors(trees.parse("php", content), content)

    def surprises(self, content: str) -> list[str]:
        """Where Windmill reads less than PHP does."""
        root = trees.parse("php", content)
        main = functions_of(root).get("main")
        return surprises_of(root, main, [] if main is None else list(zip(parameters(main), self._args(main))))

    @staticmethod
    def _args(main: Any) -> list[dict[str, Any]]:
        return [entry(node) for node in parameters(main)]


def refuse_errors(root: Any, content: str) -> None:
    """Raise InvalidSource where the grammar does not understand the source, nor PHP where it is there."""
    if not root.has_error:
        return
    row, column = trees.first_error("php", content) or trees.first_wrong(root)
    found = trees.at_place(row, column, content, "php", 0)
    program = shutil.which("php")
    if program is None:
        raise found
    data = content.encode("utf-8", "replace")
    done = subprocess.run([program, *READ], input=data, capture_output=True, timeout=PATIENCE, check=False)
    complaint = COMPLAINT.search(done.stdout.decode("utf-8", "replace"))
    if done.returncode and complaint:
        lines, line = content.split("\n"), int(complaint[2])
        column, text = found.column if line == found.line else 1, lines[min(line, len(lines)) - 1]
        raise InvalidSource(why=complaint[1], line=line, column=column, text=text, language="PHP")


def functions_of(root: Any) -> dict[str, Any]:
    """The functions that Windmill finds, the first of each name."""
    found: dict[str, Any] = {}
    for node in root.named_children:
        if node.type == "namespace_definition" and node.child_by_field_name("body") is None:
            break
        if node.type == "function_definition":
            found.setdefault(trees.text(node.child_by_field_name("name")), node)
    return found


def parameters(function: Any) -> list[Any]:
    """The declarations of a function's parameters."""
    return [node for node in function.child_by_field_name("parameters").named_children if node.type != "comment"]


def entry(node: Any) -> dict[str, Any]:
    """One parameter's entry."""
    kind, default = node.child_by_field_name("type"), node.child_by_field_name("default_value")
    value = None if default is None else value_of(default)
    return argument(name_of(node), "unknown" if kind is None else type_of(kind), value, value is not None)


def name_of(node: Any) -> str:
    """A parameter's name."""
    return shown(node.child_by_field_name("name").text.removeprefix(b"$"))


def type_of(node: Any) -> Any:
    """A type: one that may also be null, and any other that is put together, is not understood."""
    name = trees.text(node)
    if name.lower() in KINDS:
        return KINDS[name.lower()]
    return {"resource": snake_case(name)} if node.type == "named_type" and name.lower() not in OTHERS else "unknown"


def value_of(node: Any) -> Any:
    """What a default says, where it is a text, a number, true or false; None otherwise."""
    if node.type == "boolean":
        return trees.text(node).lower() == "true"
    if node.type in ("integer", "float"):
        return number_of(trees.text(node).replace("_", ""))
    if node.type == "string":
        inner = node.text[node.text.index(b"'") + 1 : -1]
        return shown(re.sub(rb"\\([\\'])", rb"\1", inner))
    if node.type == "encapsed_string" and all(part.type in LITERAL for part in node.named_children):
        return shown(ESCAPE.sub(_byte, node.text[node.text.index(b'"') + 1 : -1]))
    return None


def number_of(text: str) -> int | float | None:
    """A number that is also one in JSON."""
    if NUMBER.fullmatch(text) is None:
        return None
    if text.isdigit() and int(text) <= LARGEST:
        return int(text)
    return found if math.isfinite(found := float(text)) else None


def shown(data: bytes) -> str:
    """A text as Windmill's parser shows it: other bytes than those of ASCII by their numbers."""
    return "".join(chr(byte) if byte in SHOWN else "\\0" if byte == 0 else f"\\x{byte:02x}" for byte in data)


def _byte(match: re.Match[bytes]) -> bytes:
    character, hexadecimal, octal, other = match.groups()
    if character:
        return chr(int(character, 16)).encode("utf-8", "replace")
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return LETTERS.get(other, other if other in b'\\$"' else b"\\" + other)


LANGUAGE = Php()
