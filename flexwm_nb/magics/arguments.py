"""What a magic takes: one definition gives its parser, its help, its `?` text and its completion."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics import tokens

# what completion offers for a value
Offer = Literal["", "path", "job", "language", "argument", "variable", "engine", "state", "flow", "step"]
Kind = Literal["switch", "text", "number", "count", "name", "pair", "words"]  # words: all up to the next option


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option."""

    names: tuple[str, ...]  # the long one first
    help: str
    kind: Kind = "text"
    metavar: str = ""
    repeat: bool = False
    offers: Offer = ""

    @property
    def key(self) -> str:
        """The name of its value."""
        return self.names[0].lstrip("-").replace("-", "_")

    @property
    def usage(self) -> str:
        """How it is written, such as `--timeout S`."""
        return ", ".join(self.names) + (f" {self.metavar}" if self.metavar else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A word that is no option."""

    name: str
    help: str
    required: bool = True
    many: bool = False  # takes the rest
    offers: Offer = ""

    @property
    def usage(self) -> str:
        """How it is written, such as `[ID …]`."""
        shown = f"{self.name} …" if self.many else self.name
        return shown if self.required else f"[{shown}]"


HELP = Option(names=("--help", "-h"), help="show this help", kind="switch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One magic."""

    name: str
    help: str  # one sentence
    cell: bool = False  # a cell magic, else a line magic
    both: bool = False  # a cell magic that is a line magic too
    operands: tuple[Operand, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    python: str = ""  # the same in Python

    @property
    def title(self) -> str:
        """Its name with percent signs."""
        return ("%%" if self.cell else "%") + self.name

    @property
    def usage(self) -> str:
        """How it is written."""
        parts = [self.title, *(operand.usage for operand in self.operands), "[options]" if self.options else ""]
        return " ".join(part for part in parts if part)

    def option(self, name: str) -> Option | None:
        """The option of a name."""
        return next((option for option in (*self.options, HELP) if name in option.names), None)

    def document(self) -> str:
        """The help text."""
        rows = [(operand.name, operand.help) for operand in self.operands]
        rows += [(option.usage, option.help) for option in (*self.options, HELP)]
        width = max(len(left) for left, _ in rows)
        parts = [self.usage, "", self.help, "", *(f"  {left:<{width}}  {right}" for left, right in rows)]
        if self.examples:
            parts += ["", "Examples", *(f"  {line}" for example in self.examples for line in example.split("\n"))]
        if self.python:
            parts += ["", "In Python", *(f"  {line}" for line in self.python.split("\n"))]
        return "\n".join(parts)


@dataclass(slots=True)
class Parsed:
    """A line, parsed."""

    operands: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    help: bool = False

    def get(self, key: str, default: Any = None) -> Any:
        """An operand's or option's value."""
        return self.operands.get(key, self.options.get(key, default))


def parse(definition: Definition, line: str) -> Parsed:
    """Read a line. Raises InvalidInput that names the option or operand and says what to write."""
    words = tokens.split(line)
    parsed = Parsed(help=any(word in HELP.names for word in words))
    if parsed.help:
        return parsed
    rest = _take_options(definition, words, parsed)
    _take_operands(definition, rest, parsed)
    return parsed


def _take_options(definition: Definition, words: Sequence[str], parsed: Parsed) -> list[str]:
    """Put the options away and give the other words."""
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return rest + waiting
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        option = definition.option(name)
        if option is None:
            raise unknown_option(definition, name)
        if option.kind == "switch":
            if equals:
                raise InvalidInput(f"{name} takes no value", remedy=f"Write {name} alone")
            parsed.options[option.key] = True
            continue
        if not equals:
            if not waiting or definition.option(waiting[0].partition("=")[0]):
                raise InvalidInput(f"{name} needs a value", remedy=f"Write {name} {option.metavar}")
            value = waiting.pop(0)
        _keep(option, name, value, parsed)
        while option.kind == "words" and waiting and _goes_on(waiting[0]):
            parsed.options[option.key].append(tokens.unquoted(waiting.pop(0)))
    return rest


def _goes_on(word: str) -> bool:
    """Whether a word belongs to an option that takes several: it is no option and no `k=v`."""
    return not word.startswith("-") and "=" not in word


def _keep(option: Option, name: str, word: str, parsed: Parsed) -> None:
    value = _value(option, name, word)
    if option.kind == "words" or option.repeat:
        parsed.options.setdefault(option.key, []).append(value)
    elif option.key in parsed.options:
        raise InvalidInput(f"{name} is given twice", remedy="Keep one of them")
    else:
        parsed.options[option.key] = value


def _value(option: Option, name: str, word: str) -> Any:
    if option.kind == "pair":
        return read_pair(word, name)
    value = tokens.unquoted(word)
    if option.kind in ("number", "count"):
        return _number(option, name, value)
    if option.kind == "name":
        bare = value.removeprefix("$")
        if not bare.isidentifier():
            raise InvalidInput(f"{name} takes the name of a kernel variable, not {value!r}")
        return bare
    return value


def _number(option: Option, name: str, value: str) -> float | int:
    try:
        number = int(value) if option.kind == "count" else float(value)
    except ValueError:
        number = -1
    if number <= 0 or not math.isfinite(number):
        what = "a whole number above 0" if option.kind == "count" else "a number of seconds above 0"
        raise InvalidInput(f"{name} takes {what}, not {value!r}")
    return number


def read_pair(word: str, name: str) -> tuple[str, str]:
    """`k=v` as a name and the text of a value. Raises InvalidInput."""
    found = tokens.pair(word)
    if found is None:
        option = f"{name} " if name.startswith("-") else ""
        remedy = f"Write {option}{tokens.unquoted(word)}=VALUE"
        raise InvalidInput(f"{name} takes NAME=VALUE, not {word!r}", remedy=remedy)
    return found


def _take_operands(definition: Definition, words: list[str], parsed: Parsed) -> None:
    for operand in definition.operands:
        if operand.many:
            parsed.operands[operand.name] = [
                tokens.unquoted(word) if operand.offers != "argument" else word for word in words
            ]
            words = []
        elif words:
            parsed.operands[operand.name] = tokens.unquoted(words[0])
            words = words[1:]
        elif operand.required:
            raise InvalidInput(f"{operand.name} is missing", remedy=f"Write {definition.usage}")
    if words:
        raise InvalidInput(f"{words[0]!r} is too much", remedy=f"Write {definition.usage}")


def unknown_option(definition: Definition, name: str) -> InvalidInput:
    """The error for an option that does not exist."""
    known = [spelling for option in (*definition.options, HELP) for spelling in option.names]
    close = nearest(name, known)
    remedy = f"Did you mean {close}?" if close else f"See {definition.title} --help"
    return InvalidInput(f"there is no option {name}", remedy=remedy, option=name)


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant: the same letters in another order, else the most alike."""
    swapped = [candidate for candidate in known if sorted(candidate) == sorted(name)]
    found = swapped or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if found:
        return found[0]
    starting = [candidate for candidate in known if len(name) > 1 and candidate.startswith(name)]
    return starting[0] if len(starting) == 1 else None
