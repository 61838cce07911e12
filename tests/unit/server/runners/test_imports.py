"""What TypeScript imports: found in its syntax, rewritten where it names versions or scripts of the workspace."""

from __future__ import annotations

import pytest

from flexwm_nb.server.runners import imports
from flexwm_nb.server.runners.base import RunnerError

SCRIPTS = {
    "f/a/one": "import { two } from './sub/two.ts'\nexport const one = two",
    "f/a/sub/two": "import { one } from '/f/a/one'\nimport x from 'left-pad@1.3.0'\nexport const two = () => one",
    "u/me/three": "export const three = 3",
}


@pytest.mark.parametrize(
    ("content", "packages"),
    [
        ("import x from 'lodash'", {"lodash": "latest"}),
        ('import x from "lodash@4.17"; import "zod"', {"lodash": "4.17", "zod": "latest"}),
        ("import { x } from '@scope/name@1.2.3/inner'", {"@scope/name": "1.2.3"}),
        ("export { x } from 'lodash'", {"lodash": "latest"}),
        ("const x = require('lodash')\nconst y = await import('zod@3')", {"lodash": "latest", "zod": "3"}),
        ("import lodash from 'lodash'\nimport map from 'lodash@4/map'", {"lodash": "4"}),
        ("import type { X } from 'lodash'", {}),
        ("// import x from 'lodash'\nconst text = `import y from 'zod'`", {}),
        ("import fs from 'fs'\nimport path from 'node:path'\nimport { $ } from 'bun'\nimport 'fs/promises'", {}),
        ("import x from 'npm:lodash'\nimport y from 'https://example.com/x.ts'", {}),
    ],
)
def test_packages_are_those_that_are_imported(content: str, packages: dict[str, str]) -> None:
    """Names and versions, nothing of types, comments, texts and the runtime's own modules."""
    assert imports.gather(content, None, SCRIPTS.get).packages == packages


@pytest.mark.parametrize(
    ("content", "runs"),
    [
        ("import x from 'lodash@4.17/map' // é", "import x from 'lodash/map' // é"),
        ("import x from '@scope/name@1'", "import x from '@scope/name'"),
        ("import {one} from './one'", "import {one} from './f/a/one.ts'"),
        ("const é = 1; import {one} from '../a/one.ts'", "const é = 1; import {one} from './f/a/one.ts'"),
        ("import {three} from '/u/me/three'", "import {three} from './u/me/three.ts'"),
        ("import x from 'lodash'", "import x from 'lodash'"),
    ],
)
def test_specifiers_become_what_the_runtime_finds(content: str, runs: str) -> None:
    """Versions go, scripts are files beside the one that runs; nothing else of the source changes."""
    assert imports.gather(content, "f/a/main", SCRIPTS.get).files["main.ts"] == runs


def test_an_imported_script_brings_what_it_imports() -> None:
    """Once, in a circle too, with its packages."""
    gathered = imports.gather("import {one} from './one'", "f/a/main", SCRIPTS.get)
    assert set(gathered.files) == {"main.ts", "f/a/one.ts", "f/a/sub/two.ts"}
    assert gathered.packages == {"left-pad": "1.3.0"}
    assert "from '../one.ts'" in gathered.files["f/a/sub/two.ts"]


@pytest.mark.parametrize(
    ("content", "path", "part"),
    [
        ("import x from './nothing'", "f/a/main", 'Script f/a/nothing, which is imported as "./nothing"'),
        ("import x from '/f/b/c'", None, "Script f/b/c"),
        ("import x from './one'", None, "has no path"),
    ],
)
def test_a_script_that_is_not_there_is_named(content: str, path: str | None, part: str) -> None:
    """The error says what was wanted, and by which words."""
    with pytest.raises(RunnerError, match=part):
        imports.gather(content, path, SCRIPTS.get)
