"""Scripts as a program registers and finds them."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from typing import Any

import httpx
import pytest

from flexwm_nb.engine import Engine
from flexwm_nb.errors import (
    InvalidPath,
    InvalidSource,
    NotFound,
    ScriptNotFound,
    UnknownLanguage,
)
from flexwm_nb.models.scripts import Registration, ScriptDraft

_numbers = count()


@pytest.fixture
def draft() -> ScriptDraft:
    """A script at a path of its own."""
    path = f"f/services/script_{next(_numbers)}"
    return ScriptDraft(path=path, language="python3", content="def main(n: int):\n    return n\n")


def test_registering_step_by_step(engine: Engine, draft: ScriptDraft) -> None:
    """New, unchanged, changed: each says so in one line."""
    changed = replace(draft, content="def main(n: int):\n    n += 1\n    return n\n")
    said = [str(engine.scripts.register(each)) for each in (draft, draft, changed, changed)]
    path = draft.path
    assert said == [
        f"{path} v1 registered",
        f"{path} v1 unchanged",
        f"{path} v1 → v2 (+1 −0)",
        f"{path} v2 unchanged",
    ]


def test_back_to_an_earlier_source(engine: Engine, draft: ScriptDraft) -> None:
    """Is a version of its own: history goes one way."""
    other = replace(draft, content="def main(): ...\n")
    numbers = [engine.scripts.register(each).number for each in (draft, other, draft)]
    assert numbers == [1, 2, 3]


def test_a_lineage(engine: Engine, draft: ScriptDraft) -> None:
    """Each version knows the ones before."""
    first = engine.scripts.register(draft)
    second = engine.scripts.register(replace(draft, summary="now with one"))
    script = engine.scripts.get(draft.path)
    assert (script.hash, script.parent_hashes) == (second.hash, [first.hash])
    assert (script.summary, script.content) == ("now with one", draft.content)


def test_settings_are_kept_by_the_next_version(engine: Engine, draft: ScriptDraft) -> None:
    """A draft that does not name them does not take them away."""
    engine.scripts.register(replace(draft, tag="python3", timeout=77, summary="kept", labels=["a"]))
    engine.scripts.register(replace(draft, content="def main(m: str): ...\n"))
    script = engine.scripts.get(draft.path)
    assert (script.summary, script.timeout, script.tag) == ("kept", 77, "python3")
    assert list((script.schema or {})["properties"]) == ["m"]


def test_the_schema_is_inferred(engine: Engine, draft: ScriptDraft) -> None:
    """As Windmill's own editor would."""
    engine.scripts.register(draft)
    schema = engine.scripts.get(draft.path).schema or {}
    assert (schema["properties"]["n"]["type"], schema["required"]) == ("integer", ["n"])


def test_versions_are_found(engine: Engine, draft: ScriptDraft) -> None:
    """By path, number, hash and time; the newest comes first in the history."""
    first = engine.scripts.register(draft)
    second = engine.scripts.register(replace(draft, content="def main(): ...\n"))
    history = engine.scripts.history(draft.path)
    assert [version.hash for version in history] == [second.hash, first.hash]
    assert engine.scripts.resolve(draft.path).number == 2
    assert engine.scripts.resolve(f"{draft.path}@{first.hash}").number == 1
    assert engine.scripts.resolve(f"{draft.path}@{history[1].created_at:%Y-%m-%dT%H:%M:%S.%f}").number == 1
    assert engine.scripts.get(f"{draft.path}@v1").content == draft.content


@pytest.mark.parametrize("reference", ["", "@v1", f"@{'0' * 16}"], ids=["path", "number", "hash"])
def test_what_is_not_there(engine: Engine, reference: str) -> None:
    """Is not found, by every way of asking."""
    for ask in (engine.scripts.get, engine.scripts.resolve, engine.scripts.diff):
        with pytest.raises(ScriptNotFound):
            ask(f"f/services/never{reference}")


def test_a_hash_of_another_script(engine: Engine, draft: ScriptDraft) -> None:
    """Is no version of this one."""
    found = engine.scripts.register(draft)
    with pytest.raises(ScriptNotFound, match=f"that is {draft.path}"):
        engine.scripts.get(f"f/services/never@{found.hash}")


def test_differences(engine: Engine, draft: ScriptDraft) -> None:
    """Against the version before, another version, another script; nothing between the same."""
    engine.scripts.register(draft)
    engine.scripts.register(replace(draft, content="def main(n: str):\n    return n\n"))
    shown = engine.scripts.diff(draft.path)
    assert shown.splitlines()[:2] == [f"--- {draft.path}@v1", f"+++ {draft.path}@v2"]
    assert "-def main(n: int):\n+def main(n: str):" in shown
    assert engine.scripts.diff(f"{draft.path}@v2", "v1") == shown
    assert engine.scripts.diff(f"{draft.path}@v1").startswith("--- /dev/null")
    assert engine.scripts.diff(draft.path, draft.path) == ""


def test_listing(engine: Engine, draft: ScriptDraft) -> None:
    """By the start of the path and by language; a library is listed too."""
    path = f"{draft.path}/inner"
    engine.scripts.register(replace(draft, path=f"{path}/a"))
    engine.scripts.register(replace(draft, path=f"{path}/b", content="def helper(): ...\n", library=True))
    engine.scripts.register(replace(draft, path=f"{path}/c", language="bash", content="echo"))
    assert {script.path[-1] for script in engine.scripts.list(path)} == {"a", "b", "c"}
    assert [script.path[-1] for script in engine.scripts.list(path, language="bash")] == ["c"]
    assert len(engine.scripts.list(path, limit=2)) == 2


def test_archiving(engine: Engine, draft: ScriptDraft) -> None:
    """The script is out of use, its versions can still be read; registered anew, the count goes on."""
    first = engine.scripts.register(draft)
    engine.scripts.archive(draft.path)
    assert not engine.scripts.exists(draft.path)
    with pytest.raises(ScriptNotFound, match="is archived"):
        engine.scripts.get(draft.path)
    assert engine.scripts.get(f"{draft.path}@v1").hash == first.hash
    assert draft.path in [script.path for script in engine.scripts.list(draft.path, archived=True)]
    again = engine.scripts.register(replace(draft, content="def main(): ...\n"))
    assert (again.status, again.number) == ("registered", 2)
    assert not engine.scripts.get(draft.path).parent_hashes


def test_an_archived_script_comes_back_as_it_was(engine: Engine, draft: ScriptDraft) -> None:
    """Though the engine keeps no two versions with the same content and parent."""
    engine.scripts.register(draft)
    engine.scripts.archive(draft.path)
    assert engine.scripts.register(draft).number == 2
    assert engine.scripts.exists(draft.path)


def test_deleting(engine: Engine, draft: ScriptDraft) -> None:
    """Nothing is left; a second time there is nothing to delete."""
    engine.scripts.register(draft)
    engine.scripts.delete(draft.path)
    with pytest.raises(ScriptNotFound):
        engine.scripts.history(draft.path)
    for remove in (engine.scripts.delete, engine.scripts.archive):
        with pytest.raises(NotFound):
            remove(draft.path)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"path": "no/such/owner"}, InvalidPath),
        ({"path": "u/admin"}, InvalidPath),
        ({"language": "cobol"}, UnknownLanguage),
        ({"content": "def main(:"}, InvalidSource),
        ({"language": "bash", "content": "if\n"}, None),
    ],
)
def test_what_cannot_be_registered(engine: Engine, draft: ScriptDraft, change: dict[str, Any], kind: Any) -> None:
    """Is refused with a typed error, and nothing is registered."""
    changed = replace(draft, **change)
    if kind is None:
        engine.scripts.register(changed)
        return
    with pytest.raises(kind):
        engine.scripts.register(changed)
    assert not engine.scripts.exists(changed.path)


def test_two_who_register_at_once(engine: Engine, draft: ScriptDraft) -> None:
    """Different sources become one version after the other, none is lost."""
    drafts = [replace(draft, content=f"def main():\n    return {number}\n") for number in range(4)]
    made: list[Registration] = []
    threads = [threading.Thread(target=lambda each=each: made.append(engine.scripts.register(each))) for each in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(registration.number for registration in made) == [1, 2, 3, 4]
    contents = {engine.scripts.get(f"{draft.path}@v{number}").content for number in range(1, 5)}
    assert contents == {each.content for each in drafts}


def test_two_who_register_the_same_at_once(engine: Engine, draft: ScriptDraft) -> None:
    """It becomes one version, and nobody sees an error."""
    made: list[Registration] = []
    threads = [threading.Thread(target=lambda: made.append(engine.scripts.register(draft))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(registration.status for registration in made) == ["registered", *["unchanged"] * 3]
    assert len(engine.scripts.history(draft.path)) == 1


def test_what_the_engine_adds_is_kept(engine: Engine, draft: ScriptDraft, http: httpx.Client) -> None:
    """A document's unknown fields survive the round trip."""
    engine.scripts.register(draft)
    raw = http.get(f"/w/demo/scripts/get/p/{draft.path}").json()
    assert engine.scripts.get(draft.path).to_wire().keys() == raw.keys()
