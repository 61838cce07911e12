"""What may be written at a place of a flow, as a function of text and cursor."""

import pytest

from flexwm_nb.flows.suggestions import suggest

FLOW = """schema:
  properties:
    origin: {type: string}
value:
  modules:
    - id: load
      value: {type: rawscript, language: bash, content: echo 1, input_transforms: {}}
    - id: each
      value:
        type: forloopflow
        iterator: {type: javascript, expr: '@ITERATOR'}
        modules:
          - id: inner
            @FIELD
            value:
              type: rawscript
              language: @LANGUAGE
              content: echo 2
              input_transforms:
                x: {type: javascript, expr: @INNER}
    - id: report
      value: {type: script, path: f/lab/report, @SCRIPT, input_transforms: {x: {type: @TRANSFORM}}}
      stop_after_if: {expr: @STOP, skip_if_stopped: @BOOLEAN}
"""
FILLED = {"ITERATOR": "x", "FIELD": "priority: 1", "LANGUAGE": "bash", "INNER": "x", "SCRIPT": "hash: a"}
FILLED.update({"TRANSFORM": "static", "STOP": "x", "BOOLEAN": "true"})
PLACES = {
    "a step's fields, without those it has": ("FIELD", "sk", ["skip_if:"]),
    "the fields of its kind": ("SCRIPT", "", ["hash:", "tag_override:"]),
    "kinds of inputs": ("TRANSFORM", "", ["static", "javascript", "ai"]),
    "languages": ("LANGUAGE", "py", ["python3"]),
    "true or false": ("BOOLEAN", "", ["true", "false"]),
    "names of an expression": ("ITERATOR", "f", ["flow_input", "flow_env"]),
    "inputs of the flow": ("ITERATOR", "flow_input.", ["origin"]),
    "also the loop's, inside of it": ("INNER", "flow_input.", ["origin", "iter"]),
    "of an iteration": ("INNER", "1 + flow_input.iter.", ["value", "index"]),
    "results of steps that have ended": ("ITERATOR", "results.", ["load"]),
    "of those before inside of a loop too": ("INNER", "results.", ["load", "inner"]),
    "of the step itself once it has ended": ("STOP", "results.", ["load", "each", "inner", "report"]),
    "nothing of what nobody knows": ("STOP", "results.load.", []),
}  # fmt: skip
STEP = "value:\n  modules:\n    - id: a\n      "
UNFINISHED = {
    "an empty text": ("", ["value:", "summary:", "description:", "schema:"]),
    "a first step": ("value:\n  modules:\n    ", ["- id:"]),
    "kinds of steps": (f"{STEP}value:\n        type: for", ["forloopflow"]),
    "in open brackets": ("value: {modules: [{id: a, value: {type: ra", ["rawscript"]),
    "a key of JSON": ('{"value": {"modules": [{"id": "a", "va', ["value"]),
    "a value of JSON": ('{"value": {"modules": [{"id": "a", "value": {"type": "br', ["branchone", "branchall"]),
    "steps above, while the flow is not whole": (
        f"{STEP}value: {{type: script}}\n    - id: b\n      skip_if:\n        expr: results.",
        ["a"],
    ),
    "nothing in code": (f"{STEP}value:\n        content: |\n          va", []),
    "nothing where the text cannot be read": ("value: ]\nsu", []),
}  # fmt: skip


@pytest.mark.parametrize(("place", "written", "texts"), PLACES.values(), ids=PLACES)
def test_suggestions_in_a_flow(place: str, written: str, texts: list[str]) -> None:
    """What the models have there, and what the flow's check lets be read there."""
    above, _, below = FLOW.partition(f"@{place}")
    for other, text in FILLED.items():
        above, below = above.replace(f"@{other}", text), below.replace(f"@{other}", text)
    found = suggest(f"{above}{written}{below}", len(above + written))
    assert [one.text for one in found.found] == texts


@pytest.mark.parametrize(("text", "texts"), UNFINISHED.values(), ids=UNFINISHED)
def test_suggestions_while_a_flow_is_written(text: str, texts: list[str]) -> None:
    """Also at the end of a text that is not whole yet."""
    assert [one.text for one in suggest(text, len(text)).found] == texts


def test_a_kind_is_explained() -> None:
    """Beside its name stands what it is."""
    text = "value:\n  modules:\n    - id: a\n      value: {type: forl"
    assert [one.about for one in suggest(text, len(text)).found] == ["Modules that run once for each item of a list."]
