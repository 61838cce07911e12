"""Scripts and flows as files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flexwm_nb.errors import InvalidFlow, InvalidInput
from flexwm_nb.sync.files import Layout, laid_out, read_flow, read_flows, read_scripts, safe_name

NO_FILES: dict[str, str] = {}


def code(id: str, language: str = "python3", **more: Any) -> dict[str, Any]:
    """A step with code; its text says which."""
    value = {"type": "rawscript", "language": language, "content": f"# {id}\n", "input_transforms": {}}
    return {"id": id, "value": {**value, **more.pop("value", {})}, **more}


def archive(*modules: dict[str, Any], **value: Any) -> dict[str, str]:
    """An engine's archive of one flow."""
    document = {"summary": "", "description": "", "value": {"modules": list(modules), **value}, "schema": None}
    return {"f/a/b.flow.json": json.dumps(document)}


FLOW = archive(
    code("a", summary="Load: all/rows"),
    code("b", summary="Load all rows"),
    {
        "id": "l",
        "value": {
            "type": "forloopflow",
            "iterator": {"type": "static", "value": []},
            "modules": [code("x", "bun", value={"lock": "{}"})],
        },
    },
    code("y", "nativets"),
    failure_module=code("failure", "bash"),
)


def test_the_names_of_files() -> None:
    """They come from summaries, else ids; the same name is counted; locks lie beside."""
    made = laid_out(FLOW, NO_FILES, Layout())
    assert sorted(name.removeprefix("f/a/b.flow/") for name in made) == [
        "failure.inline_script.sh",
        "flow.yaml",
        "load_all_rows.inline_script.py",
        "load_allrows.inline_script.py",
        "x.inline_script.lock",
        "x.inline_script.ts",
        "y.inline_script.native.ts",
    ]
    assert made["f/a/b.flow/x.inline_script.ts"] == "# x\n"


def test_names_without_dots() -> None:
    """As `nonDottedPaths` in `wmill.yaml` wishes, with another usual TypeScript."""
    layout = Layout.read("nonDottedPaths: true\ndefaultTs: deno\n")
    made = laid_out(archive(code("x", "bun"), code("y", "deno")), NO_FILES, layout)
    assert sorted(made) == ["f/a/b__flow/flow.yaml", "f/a/b__flow/x.bun.ts", "f/a/b__flow/y.ts"]


@pytest.mark.parametrize("layout", [Layout(), Layout("deno", True)], ids=["dots", "no dots"])
def test_there_and_back(layout: Layout) -> None:
    """The document comes back, code and locks included."""
    [item] = read_flows(laid_out(FLOW, NO_FILES, layout))
    assert item.path == "f/a/b"
    assert item.document == json.loads(FLOW["f/a/b.flow.json"])


def test_names_in_use_stay() -> None:
    """Who has renamed a file keeps its name, and who has written YAML in another style keeps that."""
    first = laid_out(archive(code("a")), NO_FILES, Layout())
    mine = first["f/a/b.flow/flow.yaml"].replace("a.inline_script.py", "mine.py").replace("id: a", '"id": "a"')
    files = {"f/a/b.flow/flow.yaml": mine, "f/a/b.flow/mine.py": "# a\n"}
    assert laid_out(archive(code("a")), files, Layout()) == files


def test_a_script() -> None:
    """Source, metadata and lock; what an engine says is what is read."""
    metadata = {"summary": "S", "description": "", "lock": "x==1\n", "kind": "script", "schema": {"type": "object"}}
    found = {"f/a/s.script.json": json.dumps(metadata), "f/a/s.py": "def main(): ...\n"}
    made = laid_out(found, NO_FILES, Layout())
    assert sorted(made) == ["f/a/s.py", "f/a/s.script.lock", "f/a/s.script.yaml"]
    assert "lock: '!inline f/a/s.script.lock'" in made["f/a/s.script.yaml"]
    [draft] = read_scripts(made, Layout())
    assert (draft.path, draft.language, draft.lock, draft.summary) == ("f/a/s", "python3", "x==1\n", "S")


def test_what_is_missing() -> None:
    """A script without source and a flow without the code of a step are refused; a lost lock is empty."""
    with pytest.raises(InvalidInput, match="The source of f/a/s is missing"):
        list(read_scripts({"f/a/s.script.yaml": "summary: ''\n"}, Layout()))
    files = laid_out(FLOW, NO_FILES, Layout())
    del files["f/a/b.flow/x.inline_script.lock"]
    document = read_flow(files, "f/a/b.flow/flow.yaml")
    assert document["value"]["modules"][2]["value"]["modules"][0]["value"]["lock"] == ""
    del files["f/a/b.flow/x.inline_script.ts"]
    with pytest.raises(InvalidFlow, match="The code of step x is missing"):
        read_flow(files, "f/a/b.flow/flow.yaml")


@pytest.mark.parametrize(
    ("text", "name"), [("A b:c", "a_bc"), ("..x__y_", "x_y"), ("con", "_con"), ("Ünï", "ünï"), ("a/../b", "a..b")]
)
def test_safe_names(text: str, name: str) -> None:
    """A name for every system, never a way out of the folder."""
    assert safe_name(text) == name
