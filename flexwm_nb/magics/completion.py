"""Tab completion inside a magic's line: options, and what each operand and option takes; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics import tokens
from flexwm_nb.magics.arguments import HELP, Definition, Offer, Option
from flexwm_nb.magics.definitions import BY_NAME, STATES
from flexwm_nb.magics.languages import OFFERED
from flexwm_nb.magics.lookups import Lookups

# a magic of ours, after nothing or an assignment, up to the cursor
LINE = re.compile(r"^\s*(?:[\w.\[\]'\", ]+=\s*)?%{1,2}(?P<name>windmill\w*)\s+(?P<rest>.*)$", re.DOTALL)
ENGINES = ("local", "https://")


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may stand in place of the text before the cursor."""

    fragment: str  # that text
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the cursor stands in a magic's line."""

    definition: Definition
    before: tuple[str, ...]  # the words before the one at the cursor
    word: str  # as far as it is written
    cell: str = ""  # what stands below the line

    @property
    def operands(self) -> list[str]:
        """The words before that are no options and no values of options."""
        found, waiting = [], list(self.before)
        while waiting:
            word = waiting.pop(0)
            if not word.startswith("-"):
                found.append(tokens.unquoted(word))
            elif "=" not in word and _takes_value(self.definition.option(word)) and waiting:
                waiting.pop(0)
        return found


def place_of(line: str, cell: str = "") -> Place | None:
    """The place at the end of a line that is written up to the cursor; None outside of our magics."""
    found = LINE.match(line)
    definition = BY_NAME.get(found["name"]) if found else None
    if found is None or definition is None:
        return None
    try:
        words = tokens.split(found["rest"])
    except InvalidInput:  # inside of an open quote or bracket
        return None
    word = "" if not words or found["rest"][-1:].isspace() else words.pop()
    return Place(definition=definition, before=tuple(words), word=word, cell=cell)


def suggest(place: Place, lookups: Lookups) -> Suggestions:
    """What may stand at a place."""
    option = _waiting(place)
    if option is not None and _takes_value(option):
        return _value(option.offers, place.word, place, lookups)
    if place.word.startswith("-"):
        name, equals, value = place.word.partition("=")
        option = place.definition.option(name)
        if equals and option is not None:
            return _value(option.offers, value, place, lookups)
        return _starting(place.word, _options(place))
    return _value(_operand(place), place.word, place, lookups)


def _waiting(place: Place) -> Option | None:
    """The option before the cursor that takes what stands there; one that takes several words takes the last too."""
    option = place.definition.option(place.before[-1]) if place.before else None
    if option is not None:
        return option
    given = next((place.definition.option(word) for word in reversed(place.before) if word.startswith("-")), None)
    return given if given is not None and given.kind == "words" and not place.word.startswith("-") else None


def _takes_value(option: Option | None) -> bool:
    return option is not None and option.kind != "switch"


def _options(place: Place) -> Iterable[str]:
    """The long names of options that may still be given."""
    given = {word.partition("=")[0] for word in place.before}
    for option in (*place.definition.options, HELP):
        if option.repeat or not given.intersection(option.names):
            yield option.names[0]


def _operand(place: Place) -> Offer:
    """What the operand at the cursor takes."""
    number = len(place.operands)
    operands = place.definition.operands
    if number < len(operands):
        return operands[number].offers
    return operands[-1].offers if operands and operands[-1].many else ""


def _starting(fragment: str, texts: Iterable[str]) -> Suggestions:
    return Suggestions(fragment, tuple(text for text in texts if text.startswith(fragment)))


def _value(offers: Offer, word: str, place: Place, lookups: Lookups) -> Suggestions:
    if offers == "argument":
        return _argument(word, place, lookups)
    if offers == "variable":
        bare = word.removeprefix("$")
        return _starting(bare, lookups.variables())
    if offers == "path":
        return _path(word, place, lookups)
    simple: Mapping[str, Callable[[], Iterable[str]]] = {
        "job": lookups.jobs,
        "flow": lambda: _flows(place, lookups),
        "step": lookups.steps,
        "language": lambda: OFFERED,
        "state": lambda: STATES,
        "engine": lambda: ENGINES,
    }
    return _starting(word, simple[offers]() if offers in simple else ())


def _flows(place: Place, lookups: Lookups) -> list[str]:
    """Paths of flows, and of runs where one may stand there."""
    runs = lookups.jobs() if place.definition.name == "windmill_dag" else ()
    return [*lookups.flows(), *runs]


def _path(word: str, place: Place, lookups: Lookups) -> Suggestions:
    """Paths; after `@`, and where a second version is asked for, versions."""
    path, at, version = word.partition("@")
    if at:
        return _starting(version, lookups.versions(path))
    second = place.definition.name == "windmill_diff" and place.operands
    versions = lookups.versions(place.operands[0].partition("@")[0]) if second else ()
    return _starting(word, [*versions, *lookups.paths(), *lookups.flows()])


def _argument(word: str, place: Place, lookups: Lookups) -> Suggestions:
    """Argument names that are not given yet; after `=` what the schema or the kernel has."""
    properties = schema_at(place, lookups).get("properties") or {}
    name, equals, value = word.partition("=")
    if not equals:
        given = {found[0] for before in place.before if (found := tokens.pair(before))}
        return _starting(word, [f"{name}=" for name in properties if name not in given])
    if value.startswith("$"):
        return _starting(value[1:], lookups.variables())
    return _starting(value, _choices(properties.get(name) or {}))


def _choices(wanted: Mapping[str, Any]) -> list[str]:
    """The values that a schema lists."""
    if wanted.get("type") == "boolean":
        return ["true", "false"]
    return [str(choice) for choice in wanted.get("enum") or ()]


def schema_at(place: Place, lookups: Lookups) -> Mapping[str, Any]:
    """The schema of the script that a line is about: the cell's own, or that of a registered one."""
    operands = place.operands
    if place.definition.name == "windmill_script":
        return lookups.schema_of_source(operands[0], place.cell) if operands else {}
    return lookups.schema(operands[0]) if operands else {}
