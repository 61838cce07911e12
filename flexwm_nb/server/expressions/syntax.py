"""Simple JavaScript expressions as Python functions.

Known are literals, templates, names, property paths with `.`, `?.` and `[…]`, lists, objects, the usual operators,
`Boolean(…)` and the conditional. Everything else raises Unknown while it is read, and is the engine's.
"""

from __future__ import annotations

import re
from typing import Any

from flexwm_nb.server.expressions import operators
from flexwm_nb.server.expressions.nodes import (
    BINARY,
    LOGICAL,
    UNARY,
    Node,
    applied,
    chosen,
    constant,
    decided,
    followed,
    mixed,
)
from flexwm_nb.server.expressions.operators import UNDEFINED
from flexwm_nb.server.expressions.tokens import PLACE, Token, Unknown, tokens, unquoted

LONGEST = 2000  # characters
MOST_WORDS = 120
DEEPEST = 12  # levels of nesting

LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}
RESERVED = frozenset(
    {"arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete"}
    | {"do", "else", "enum", "export", "extends", "finally", "for", "function", "if", "import", "in", "instanceof"}
    | {"let", "new", "return", "static", "super", "switch", "this", "throw", "try", "var", "void", "while", "with"}
    | {"async", "yield"}
)


def compiled(expression: str) -> Node:
    """The expression as a function of how names are looked up. Raises Unknown."""
    if len(expression) > LONGEST:
        raise Unknown
    words = tokens(expression)
    if len(words) > MOST_WORDS:
        raise Unknown
    return Parser(words).whole()


class Parser:
    """Reads tokens from the left."""

    def __init__(self, words: list[Token]) -> None:
        """Begin."""
        self._words = words
        self._position = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The next word, which stays."""
        return self._words[self._position]

    def take(self) -> Token:
        """The next word."""
        self._position += 1
        return self._words[self._position - 1]

    def skip(self, sign: str) -> bool:
        """Take the sign if it is next."""
        if self.next.kind != "sign" or self.next.text != sign:
            return False
        self._position += 1
        return True

    def expect(self, sign: str) -> None:
        """Take the sign, which must be next."""
        if not self.skip(sign):
            raise Unknown

    def whole(self) -> Node:
        """All there is."""
        node = self.conditional()
        if self.next.kind != "end":
            raise Unknown
        return node

    def conditional(self) -> Node:
        """An expression without commas."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unknown
        condition = self.binary(1)[0]
        if self.skip("?"):
            yes = self.conditional()
            self.expect(":")
            condition = chosen(condition, yes, self.conditional())
        self._depth -= 1
        return condition

    def binary(self, lowest: int) -> tuple[Node, str]:
        """Operators that bind at least so tightly, and the last sign used at this level."""
        left, used = self.unary(), ""
        while True:
            sign = self.next.text if self.next.kind == "sign" else ""
            level = (LOGICAL.get(sign) or BINARY.get(sign) or (0, None))[0]
            if level < lowest:
                return left, used
            self.take()
            right, inner = self.binary(level + 1)
            if mixed(sign, used) or mixed(sign, inner):
                raise Unknown
            left = decided(left, right, LOGICAL[sign][1]) if sign in LOGICAL else applied(left, right, BINARY[sign][1])
            used = sign

    def unary(self) -> Node:
        """Something with signs before it."""
        word = self.next
        if word.text in UNARY and word.kind in ("sign", "name"):
            self.take()
            self._depth += 1
            if self._depth > DEEPEST:
                raise Unknown
            function, operand = UNARY[word.text], self.unary()
            self._depth -= 1
            return lambda look: function(operand(look))
        return self.path(self.primary())

    def primary(self) -> Node:
        """A literal, a name, or something in brackets."""
        word = self.take()
        if word.kind == "number":
            return constant(exact(word.text))
        if word.kind == "text":
            return constant(unquoted(word.text))
        if word.kind == "template":
            return template(word.text)
        if word.kind == "name":
            return self.named(word.text)
        if word.text == "(":
            inner = self.conditional()
            self.expect(")")
            return inner
        if word.text == "[":
            return self.listed()
        if word.text == "{":
            return self.object()
        raise Unknown

    def named(self, name: str) -> Node:
        """A name, `results` with its step, or `Boolean(…)`."""
        if name in LITERALS:
            return constant(LITERALS[name])
        if name in RESERVED:
            raise Unknown
        if name == "Boolean":
            return self.boolean()
        step = self.step() if name == "results" else None
        return lambda look: look(name, step)

    def boolean(self) -> Node:
        """A conversion to true or false."""
        self.expect("(")
        operand = self.conditional()
        self.expect(")")
        return lambda look: operators.truthy(operand(look))

    def step(self) -> str:
        """The step whose result is meant."""
        if self.skip("["):
            word = self.take()
            self.expect("]")
            if word.kind != "text":
                raise Unknown
            return unquoted(word.text)
        if not self.skip(".") and not self.skip("?."):
            raise Unknown
        return self.identifier()

    def identifier(self) -> str:
        """A name after a dot."""
        word = self.take()
        if word.kind != "name":
            raise Unknown
        return word.text

    def path(self, base: Node) -> Node:
        """What follows of properties; a `?.` ends the whole path where there is nothing."""
        links: list[tuple[bool, Node]] = []
        while (found := self.link()) is not None:
            links.append(found)
        return followed(base, tuple(links)) if links else base

    def link(self) -> tuple[bool, Node] | None:
        """One property: whether it is optional, and its key."""
        optional = self.skip("?.")
        if self.skip("["):
            key = self.conditional()
            self.expect("]")
            return optional, lambda look: operators.key_of(key(look))
        if optional or self.skip("."):
            return optional, constant(self.identifier())
        return None

    def listed(self) -> Node:
        """The rest of a list."""
        items = []
        while not self.skip("]"):
            items.append(self.conditional())
            if not self.skip(","):
                self.expect("]")
                break
        return lambda look: [item(look) for item in items]

    def object(self) -> Node:
        """The rest of an object."""
        fields = {}
        while not self.skip("}"):
            word = self.take()
            key = unquoted(word.text) if word.kind == "text" else word.text
            if word.kind not in ("text", "name") or key in fields or key.isdigit() or key in operators.INHERITED:
                raise Unknown
            self.expect(":")
            fields[key] = self.conditional()
            if not self.skip(","):
                self.expect("}")
                break
        return lambda look: {key: field(look) for key, field in fields.items()}


def exact(text: str) -> Any:
    """A number's value. Raises Unknown where it is not exact."""
    value = int(text) if text.isdigit() else float(text)
    if abs(value) > operators.EXACT:
        raise Unknown
    return value


def template(text: str) -> Node:
    """A text with expressions in it, which hold no braces."""
    parts = re.split(PLACE, text[1:-1])
    nodes = [Parser(tokens(part)).whole() if index % 2 else constant(part) for index, part in enumerate(parts)]
    return lambda look: "".join([operators.text_of(node(look)) for node in nodes])
