"""Python scripts import other scripts of their workspace."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

W = "/w/demo"


@pytest.fixture(scope="module", autouse=True)
def library(server: Any) -> None:
    """Scripts to import: one in a folder, one in a folder of that folder, one that fails."""
    sources = {
        "f/imports/text": "from f.imports.deep.more import END\n\ndef clean(text):\n    return text.strip() + END\n",
        "f/imports/deep/more": "END = '!'\n",
        "f/imports/fails": "def clean(text):\n    raise ValueError(text)\n",
        "f/imports/main": "from .text import clean\n\ndef main():\n    return clean(' by path ')\n",
    }
    with server.http() as http:
        http.post(f"{W}/folders/create", json={"name": "imports"})
        for path, content in sources.items():
            body = {"path": path, "summary": "", "content": content, "language": "python3", "lock": ""}
            assert http.post(f"{W}/scripts/create", json=body).status_code == 201


def preview(http: httpx.Client, content: str, path: str | None = None) -> Any:
    """What a source returns, or its error."""
    body = {"content": content, "language": "python3", "path": path, "args": {}}
    return http.post(f"{W}/jobs/run_wait_result/preview", json=body).json()


WORKS = [
    pytest.param("from f.imports.text import clean\ndef main():\n    return clean(' a ')", None, "a!", id="from"),
    pytest.param("import f.imports.text as t\ndef main():\n    return t.clean('b')", None, "b!", id="import as"),
    pytest.param("from f.imports import text\ndef main():\n    return text.clean('c')", None, "c!", id="from a folder"),
    pytest.param("def main():\n    from f.imports.text import clean\n    return clean('d')", None, "d!", id="late"),
    pytest.param(
        "from .text import clean\ndef main():\n    return clean('e')", "f/imports/new", "e!", id="a neighbour"
    ),
    pytest.param(
        "from ..imports.text import clean\ndef main():\n    return clean('g')", "f/other/new", "g!", id="above"
    ),
]


@pytest.mark.parametrize(("content", "path", "result"), WORKS)
def test_a_script_is_a_module(http: httpx.Client, content: str, path: str | None, result: str) -> None:
    """Wherever the importing one stands, and however it is imported."""
    assert preview(http, content, path) == result


def test_a_registered_script_imports_its_neighbour(http: httpx.Client) -> None:
    """By its own path."""
    assert http.post(f"{W}/jobs/run_wait_result/p/f/imports/main", json={}).json() == "by path!"


@pytest.mark.differs("an import of a script that is not there")
def test_what_is_not_there_is_no_module(http: httpx.Client) -> None:
    """Python's own error names it."""
    found = preview(http, "def main():\n    from f.imports.nothing import clean")
    assert (found["error"]["name"], found["error"]["message"]) == (
        "ModuleNotFoundError", "No module named 'f.imports.nothing'",
    )  # fmt: skip


def test_an_error_in_an_imported_script_shows_its_line(http: httpx.Client) -> None:
    """With its path and source."""
    error = preview(http, "from f.imports.fails import clean\ndef main():\n    clean('x')")["error"]
    assert (error["name"], error["message"]) == ("ValueError", "x")
    assert "f/imports/fails.py" in error["stack"]
    assert "raise ValueError(text)" in error["stack"]
