"""What may stand at a place of a flow's YAML or JSON while it is written: fields, values, steps to read; pure.

The fields are those of the models, and a step is offered where the check of the whole flow would let it be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

import yaml

from flexwm_nb import signatures, yaml_text
from flexwm_nb.errors import InvalidFlow
from flexwm_nb.flows.fields import fields, item_of, kind_of, kinds, plain_of, scalars
from flexwm_nb.flows.validation import readable
from flexwm_nb.models.flows import OpenFlow

MARK = "flexwm_cursor_0f3a"  # stands where the cursor is, so that the document can be read while a word is missing
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
WORD = re.compile(r"[\w$-]*$")
DOTTED = re.compile(r"(?:(?P<owner>[\w$]+(?:\??\.[\w$]+)*)\??\.)?(?P<word>[\w$]*)$")
EXPRESSIONS = frozenset(["expr", "skip_expr"])
LOOPS = frozenset(["forloopflow", "whileloopflow"])
NAMES = ("results", "flow_input", "previous_result", "flow_env", "error", "variable", "resource")
CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that may stand at the cursor."""

    text: str
    kind: str  # property, keyword, value, step or input
    about: str = ""


@dataclass(frozen=True, slots=True)
class Suggested:
    """What may stand in place of the text from `start` to the cursor."""

    start: int
    found: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the cursor is in a document that holds the mark."""

    text: str  # of the document
    way: tuple[tuple[yaml.Node, Any], ...]  # the nodes around it, each with what it should be
    names: tuple[str, ...]  # the keys that lead to it
    scalar: str  # the text that has the mark in it
    is_key: bool


def suggest(text: str, cursor: int) -> Suggested:
    """What may stand at a cursor; nothing where the text cannot be made sense of."""
    word = _matched(WORD, text[:cursor])
    nothing = Suggested(cursor - len(word))
    place = _place(text, cursor - len(word), cursor)
    if place is None:
        return nothing
    written, _, rest = place.scalar.partition(MARK)
    if place.names[-1:] and place.names[-1] in EXPRESSIONS and not place.is_key:
        dotted = DOTTED.search(written + word)
        assert dotted is not None  # it takes nothing too
        return _starting(cursor, dotted["word"], _in_expression(place, dotted["owner"]))
    if written or rest:  # in the middle of some other text
        return nothing
    found = _starting(cursor, word, _at(place))
    if text[: found.start].endswith(('"', "'")):
        return replace(found, found=tuple(replace(one, text=one.text.rstrip(":")) for one in found.found))
    return found


def _starting(cursor: int, word: str, found: Iterable[Suggestion]) -> Suggested:
    return Suggested(cursor - len(word), tuple(one for one in found if one.text.startswith(word)))


def _matched(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group() if found else ""


def _place(text: str, start: int, cursor: int) -> _Place | None:
    """The place in the whole text, else in the text above the cursor, with what is missing there."""
    above, below = text[:start], text[cursor:]
    quote = above[-1:] if above.endswith(('"', "'")) else ""
    closers = quote + _closers(above)
    for ending in (below, f":{below}", closers, f":{closers}"):
        marked = f"{above}{MARK}{ending}"
        tree = yaml_text.compose(marked)
        found = None if tree is None else _search(tree, OpenFlow, (), ())
        if found is not None:
            way, names, scalar, is_key = found
            return _Place(text=marked, way=way, names=names, scalar=scalar, is_key=is_key)
    return None


def _closers(text: str) -> str:
    """The brackets that are still open in the cursor's line, or in all of a JSON text."""
    part = text if text.lstrip().startswith("{") else text.rpartition("\n")[2]
    open_ = list[str]()
    for sign in TEXT.sub("", part):
        if sign in CLOSING:
            open_.append(CLOSING[sign])
        elif open_ and sign == open_[-1]:
            open_.pop()
    return "".join(reversed(open_))


_Found = tuple[tuple[tuple[yaml.Node, Any], ...], tuple[str, ...], str, bool]


def _search(
    node: yaml.Node, wanted: Any, way: tuple[tuple[yaml.Node, Any], ...], names: tuple[str, ...]
) -> _Found | None:
    """The way to the mark; each node with what the models want there."""
    here = (*way, (node, wanted))
    if isinstance(node, yaml.ScalarNode):
        return (here, names, node.value, False) if MARK in node.value else None
    if isinstance(node, yaml.SequenceNode):
        inside = (_search(item, item_of(wanted), here, names) for item in node.value)
        return next(filter(None, inside), None)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if MARK in key.value:
            return here, names, key.value, True
        found = _search(value, fields(wanted, node).get(key.value), here, (*names, key.value))
        if found is not None:
            return found
    return None


def _at(place: _Place) -> Iterator[Suggestion]:
    """Keys, or values of a key."""
    node, wanted = place.way[-1]
    if place.is_key:
        yield from _keys(fields(wanted, node), given=scalars(node))
        return
    plain, name = plain_of(wanted), place.names[-1] if place.names else ""
    if get_origin(plain) is Literal:
        docs = _about(place)
        yield from (Suggestion(str(value), "value", docs.get(str(value), "")) for value in get_args(plain))
    elif plain is bool:
        yield from (Suggestion(value, "keyword") for value in ("true", "false"))
    elif get_origin(plain) is list:
        yield from (Suggestion(f"- {name}:", "property") for name in list(fields(item_of(plain), None))[:1])
    elif name == "language":
        yield from (Suggestion(language, "value") for language in signatures.MODULES)
    elif name == "early_return":
        yield from _steps(ids for ids, _ in _modules(place.way[0][0]))
    else:
        yield from _keys(fields(wanted, None))


def _keys(names: Iterable[str], given: Iterable[str] = ()) -> Iterator[Suggestion]:
    for name in names:
        if name not in given:
            yield Suggestion(f"{name}:", "property")


def _about(place: _Place) -> Mapping[str, str]:
    """What each kind of value is, in a line."""
    if len(place.way) < 2:
        return {}
    return {kind_of(kind): (kind.__doc__ or "").split("\n")[0] for kind in kinds(place.way[-2][1])}


def _in_expression(place: _Place, owner: str | None) -> Iterator[Suggestion]:
    """Names, or what one of them has."""
    root = place.way[0][0]
    if owner is None:
        yield from (Suggestion(name, "keyword") for name in NAMES)
    elif owner == "results":
        yield from _steps(_readable(place))
    elif owner in ("flow_input", "flow_input.iter"):
        if owner == "flow_input":
            yield from (Suggestion(name, "input") for name in _inputs(root))
        if _is_in_loop(place):
            names = ("iter",) if owner == "flow_input" else ("value", "index")
            yield from (Suggestion(name, "input") for name in names)


def _is_in_loop(place: _Place) -> bool:
    nodes = [node for node, _ in place.way]
    return any(
        isinstance(inner, yaml.SequenceNode) and scalars(node).get("type") in LOOPS for node, inner in pairwise(nodes)
    )


def _steps(ids: Iterable[str]) -> Iterator[Suggestion]:
    yield from (Suggestion(found, "step") for found in ids)


def _readable(place: _Place) -> list[str]:
    """The steps whose results can be read there; those above, where the flow is not whole yet."""
    try:
        found = readable(yaml_text.load(place.text, InvalidFlow), MARK)
    except InvalidFlow:
        found = None
    if found is None:
        line, around = place.way[-1][0].start_mark.line, [node for node, _ in place.way]
        found = [name for name, node in _modules(place.way[0][0]) if node.start_mark.line < line and node not in around]
    return [name for name in found if re.fullmatch(r"[\w$]+", name)]


def _modules(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """The ids of all steps, and where they are."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _modules(item)
    elif isinstance(node, yaml.MappingNode):
        found = scalars(node)
        if found.get("id") and "value" in found:
            yield found["id"], node
        for _, value in node.value:
            yield from _modules(value)


def _inputs(root: yaml.Node) -> Iterable[str]:
    """The names of the flow's inputs."""
    for name in ("schema", "properties"):
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        root = next((value for key, value in pairs if key.value == name), yaml.MappingNode("", []))
    return scalars(root)
