"""A flow's picture: where its steps stand, and how they look as SVG and as text."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from flexwm_nb.display.graph import Graph, StepLook
from flexwm_nb.display.layout import Node, Picture, lay_out


def code(name: str, **more: Any) -> dict[str, Any]:
    """A step of code."""
    return {"id": name, "value": {"type": "rawscript", "language": "python3", "content": ""}, **more}


def loop(name: str, *inner: dict[str, Any]) -> dict[str, Any]:
    """A loop around steps."""
    iterator = {"type": "javascript", "expr": "flow_input.rows"}
    return {"id": name, "value": {"type": "forloopflow", "iterator": iterator, "modules": list(inner)}}


def fork(name: str, *branches: list[dict[str, Any]]) -> dict[str, Any]:
    """A fork with a condition for each branch but the last."""
    *some, default = branches
    made = [{"expr": f"result > {number}", "modules": modules} for number, modules in enumerate(some)]
    return {"id": name, "value": {"type": "branchone", "branches": made, "default": default}}


def flow(*modules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A flow's document."""
    return {"summary": "", "value": {"modules": list(modules), **more}}


THREE = flow(code("load"), code("clean"), code("report"))
NESTED = flow(
    code("load"),
    loop("each", code("clean"), fork("choice", [code("big"), code("bigger")], [], [loop("deep", code("small"))])),
    code("report"),
    failure_module=code("failure"),
)
FLOWS = {
    "empty": flow(),
    "three": THREE,
    "nested": NESTED,
    "long": flow(*(code(f"step_{number}") for number in range(40))),
    "odd": flow({"id": "no_value"}, {"value": {"type": "unheard_of"}}, loop("empty")),
}


def overlap(one: Node, other: Node) -> bool:
    """Whether two boxes cover each other in part."""
    apart = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (apart or one.y + one.height <= other.y or other.y + other.height <= one.y)


def within(inner: Node, outer: Node) -> bool:
    """Whether a box stands inside of another."""
    sides = outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width
    return sides and outer.y <= inner.y and inner.y + inner.height <= outer.y + outer.height


@pytest.mark.parametrize("document", FLOWS.values(), ids=FLOWS)
def test_no_two_steps_cover_each_other_and_all_are_in_the_picture(document: dict[str, Any]) -> None:
    """Boxes stand apart, or one is a frame around the other."""
    picture = lay_out(document)
    for one, other in itertools.combinations(picture.nodes, 2):
        assert not overlap(one, other) or within(other, one) or within(one, other)
    for node in picture.nodes:
        assert node.x >= 0
        assert node.y >= 0
        assert node.x + node.width <= picture.width
        assert node.y + node.height <= picture.height


def named(picture: Picture) -> dict[str, Node]:
    """The nodes by their ids."""
    return {node.id: node for node in picture.nodes}


def test_steps_stand_from_left_to_right_on_one_axis() -> None:
    """As they run."""
    found = named(lay_out(THREE))
    assert found["load"].x < found["clean"].x < found["report"].x
    assert len({node.y for node in found.values()}) == 1


def test_what_is_inside_of_a_loop_stands_in_its_frame() -> None:
    """And what is in a branch in the frame of its fork."""
    found = named(lay_out(NESTED))
    assert found["each"].is_frame
    assert all(within(found[name], found["each"]) for name in ("clean", "choice", "big", "small"))
    assert within(found["small"], found["choice"])
    assert not within(found["load"], found["each"])


def test_a_long_flow_goes_on_in_the_next_row() -> None:
    """Forty steps are no wider than a page."""
    picture = lay_out(FLOWS["long"], widest=900)
    assert picture.width < 960
    assert len({node.y for node in picture.nodes}) > 3


TEXTS = {
    "a list": (THREE, "load ──► clean ──► report"),
    "a loop": (flow(code("load"), loop("each", code("a"), code("b"))), "load ──► each[a ──► b]"),
    "a fork": (
        flow(fork("choice", [code("a")], []), code("end")),
        "choice{if result > 0: a | else: nothing} ──► end",
    ),
    "a handler": (flow(code("a"), failure_module=code("failure")), "a  on error: failure"),
}


@pytest.mark.parametrize(("document", "text"), TEXTS.values(), ids=TEXTS)
def test_a_short_flow_is_one_line_of_text(document: dict[str, Any], text: str) -> None:
    """For terminals."""
    assert str(Graph(document=document)) == text


def test_a_long_flow_is_a_line_a_step() -> None:
    """What is inside stands deeper; what is special is said."""
    document = flow(
        code("load", suspend={"required_events": 1}), loop("each", code("x" * 29)), *(code("y" * 29) for _ in "abc")
    )
    lines = str(Graph(document=document)).split("\n")
    assert lines[:3] == ["load · approval", "each · for each of flow_input.rows", f"  {'x' * 29}"]


def test_a_run_shows_state_and_time() -> None:
    """In words and signs, not in colours alone; no times with a plain face."""
    steps = {
        "load": StepLook(state="success", duration=timedelta(seconds=0.02)),
        "clean": StepLook(state="failure", note="2 tries"),
    }
    assert str(Graph(document=THREE, steps=steps)) == "✓ load 0.02 s ──► ✗ clean 2 tries ──► report"
    assert str(Graph(document=THREE, steps=steps, face="plain")) == "✓ load ──► ✗ clean 2 tries ──► report"
    texts = [item.text for item in ElementTree.fromstring(Graph(document=THREE, steps=steps).svg()).iter()]
    assert "✓ load" in texts
    assert "0.02 s" in texts


def test_texts_in_the_picture_are_escaped() -> None:
    """A name or a condition is no markup."""
    evil = "\x00\ud800</text><script>alert(1)</script>'\"&"
    document = flow(code(evil, summary=evil), {"id": evil, "value": {"type": "script", "path": evil}}, loop(evil))
    document["value"]["modules"].append(
        {"id": "x", "value": {"type": "branchone", "branches": [{"expr": evil, "modules": []}], "default": []}}
    )
    drawn = Graph(document=document, steps={evil: StepLook(state=evil, note=evil)}).svg()
    ElementTree.fromstring(drawn)
    assert "<script" not in drawn


def test_an_image_is_shown_in_notebooks_and_text_elsewhere() -> None:
    """By their MIME types; no scripts, no HTML."""
    assert set(Graph(document=THREE)._repr_mimebundle_()) == {"text/plain", "image/svg+xml"}
    assert set(Graph(document=THREE, face="text")._repr_mimebundle_()) == {"text/plain"}
