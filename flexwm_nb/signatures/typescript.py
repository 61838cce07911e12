"""TypeScript and JavaScript: the parameters of the function `main` (Windmill's parser, ts 1.695.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flexwm_nb.signatures import trees
from flexwm_nb.signatures.base import Language, argument, signature
from flexwm_nb.signatures.typescript_defaults import default_of, kind_of
from flexwm_nb.signatures.typescript_text import identifier, unquoted
from flexwm_nb.signatures.typescript_types import IMPORTED, Types, declarations, one_or_many

FUNCTIONS = ("function_declaration", "generator_function_declaration", "function_signature")
GRAMMAR = "typescript"
GAPS = (
    (re.compile(r"""\bimport\(\s*(?:'[^'\n]*'|"[^"\n]*")\s*\)"""), IMPORTED),  # import("x").T as a type
    (re.compile(r"(?<=import )defer(?= \*)"), " "),
    (re.compile(r"(?<=[<,])\s*(?:in|out|in\s+out)\s(?=\s*[A-Za-z_$][\w$]*\s*(?:[,>=]|extends))"), " "),  # <in T>
    (re.compile(r"(?<=\n)[ \t](?=[ \t]*\[\s*[\w.]+\s*(?::\s*\w+\s*)?\]\s*\??[:(])"), ";"),  # a line [key]: type
    (re.compile(r"\\[ux](?![0-9a-fA-F{])"), "_"),  # String.raw`\users`
)


class TypeScript(Language):
    """bun, bunnative, deno or nativets."""

    def __init__(self, name: str) -> None:
        """Of that name."""
        self._name = name

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """The signature of the last function of that name at the top of the file."""
        root = parsed(content)
        preprocessor = function_named(root, "preprocessor") is not None or exports(root, "preprocessor")
        function, kind = entry_of(root, entrypoint or "main")
        found = [] if function is None else list(arguments(function, Types(root), content))
        return signature(found, auto_kind=kind, has_preprocessor=preprocessor)

    def check(self, content: str) -> None:
        """Look for what the grammar does not know."""
        parsed(content)

    def surprises(self, content: str) -> list[str]:
        """Where Windmill reads less than TypeScript does."""
        from flexwm_nb.signatures.typescript_surprises import surprises_of

        root = parsed(content)
        function, _ = entry_of(root, "main")
        return surprises_of(self._name, root, function)


def entry_of(root: Any, name: str) -> tuple[Any, str | None]:
    """The function to run and the kind of script that this makes: "wac" for a workflow, "lib" without a function."""
    function = function_named(root, name)
    workflow = workflow_named(root, name)
    if workflow is not None and (function is None or workflow.start_byte < function.start_byte):
        return function or workflow, "wac"
    return function, "lib" if function is None else None


def parsed(content: str) -> Any:
    """The file's tree. Raises InvalidSource for what is no TypeScript, and for decorators, as Windmill's parser."""
    root = trees.parse(GRAMMAR, content)
    if root.has_error and not (mended := trees.parse(GRAMMAR, without_gaps(content))).has_error:
        root = mended
    trees.refuse_errors(GRAMMAR, root, content)
    if "@" in content and (found := next((node for node in trees.walk(root) if node.type == "decorator"), None)):
        raise trees.at_node(found, "Windmill's parser knows no decorators", content, GRAMMAR)
    return root


def without_gaps(content: str) -> str:
    """The source without what is good TypeScript but unknown to the grammar; all else keeps its place."""
    for pattern, filler in GAPS:
        content = pattern.sub(lambda match, filler=filler: filler * len(match[0].encode()), content)  # type: ignore[misc]
    return content


def function_named(root: Any, name: str) -> Any:
    """The last function declaration of that name at the top of the file, exported or not; default exports are not."""
    functions = (node for node in declarations(root) if node.type in FUNCTIONS)
    found = [node for node in functions if identifier(node.child_by_field_name("name")) == name]
    return found[-1] if found else None


def exports(root: Any, name: str) -> bool:
    """Whether the file exports something under that name by `export { … }`."""
    statements = (node for node in root.named_children if node.type == "export_statement")
    clauses = (clause for node in statements if (clause := trees.child_of(node, "export_clause")) is not None)
    specifiers = (one for clause in clauses for one in clause.named_children if one.type == "export_specifier")
    return any(exported_name(one) == name for one in specifiers)


def exported_name(specifier: Any) -> str:
    """The name that others see."""
    node = specifier.child_by_field_name("alias") or specifier.child_by_field_name("name")
    return unquoted(node) if node.type == "string" else identifier(node)


def workflow_named(root: Any, name: str) -> Any:
    """The first function given to `workflow(…)`: of a variable of that name or of the default export."""
    for value in candidates(root, name):
        function = function_of_workflow(value)
        if function is not None:
            return function
    return None


def candidates(root: Any, name: str) -> Iterator[Any]:
    """What the variables of that name and the default export are."""
    for node in root.named_children:
        if node.type == "export_statement" and trees.child_of(node, "default") is not None:
            yield node.child_by_field_name("value")
        for variables in (node, node.child_by_field_name("declaration")):
            if variables is not None and variables.type in ("lexical_declaration", "variable_declaration"):
                yield from values_named(variables, name)


def values_named(variables: Any, name: str) -> Iterator[Any]:
    """What the variables of that name are set to."""
    for node in variables.named_children:
        if node.type == "variable_declarator" and trees.text(node.child_by_field_name("name")) == name:
            yield node.child_by_field_name("value")


def function_of_workflow(value: Any) -> Any:
    """The asynchronous function that `workflow(…)` is called with, or None."""
    if value is None or value.type != "call_expression":
        return None
    called = value.child_by_field_name("function")
    given = value.child_by_field_name("arguments")
    if trees.text(called) != "workflow" or given is None or given.type != "arguments":
        return None
    first = next((node for node in given.named_children if node.type != "comment"), None)
    while first is not None and first.type == "parenthesized_expression":
        first = first.named_children[0]
    is_function = first is not None and first.type in ("arrow_function", "function_expression")
    return first if is_function and trees.child_of(first, "async") is not None else None


def arguments(function: Any, types: Types, content: str) -> Iterator[dict[str, Any]]:
    """The entries of a function's parameters; destructured ones are called anon1, anon2, …"""
    single = function.child_by_field_name("parameter")
    if single is not None:
        yield argument(identifier(single), "unknown")
        return
    anonymous = 0
    for node in function.child_by_field_name("parameters").named_children:
        if node.type not in ("required_parameter", "optional_parameter"):
            continue
        pattern = node.child_by_field_name("pattern") or trees.child_of(node, "this")
        if pattern.type not in ("identifier", "object_pattern", "this"):
            why = "Windmill passes no rest parameters and no array patterns"
            raise trees.at_node(node, why, content, GRAMMAR)
        if function.type == "arrow_function" and pattern.type != "identifier" and node.type == "optional_parameter":
            raise trees.at_node(node, "a destructured parameter cannot be optional", content, GRAMMAR)
        anonymous += pattern.type == "object_pattern"
        name = f"anon{anonymous}" if pattern.type == "object_pattern" else identifier(pattern)
        yield entry(name, node, pattern, types, content)


def entry(name: str, node: Any, pattern: Any, types: Types, content: str) -> dict[str, Any]:
    """One parameter's entry."""
    annotation = node.child_by_field_name("type")
    noted = None if annotation is None else annotation.named_children[-1]
    kind, optional = types.of(noted) if noted is not None else ("unknown", False)
    value = node.child_by_field_name("value")
    default = None if value is None else default_of(value, content)
    if kind == "unknown" and default is not None:
        kind = kind_of(default)
    plain = pattern.type != "object_pattern"
    has_default = value is not None or optional or (plain and node.type == "optional_parameter")
    otyp = one_or_many(noted) if plain else None
    return argument(name, kind, default, has_default, otyp)


LANGUAGES: dict[str, Language] = {name: TypeScript(name) for name in ("bun", "bunnative", "deno", "nativets")}
