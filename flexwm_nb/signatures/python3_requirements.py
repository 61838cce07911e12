"""What a python3 script needs beside the standard library, as its source says; pure.

By Windmill 1.743 (reference: languages.md section 2): a block `# requirements:` or a PEP 723 block `# /// script` is
all that counts; else the imports before `def main`, at the top level, with `# pin:` and `# repin:` after them and
`# extra_requirements:` beside them. Python versions come from `# py: >=3.11`, `#py312` and the block's requires-python.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from flexwm_nb.errors import InvalidInput, InvalidSource
from flexwm_nb.signatures.python3_packages import NAMESPACES, PACKAGES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAIN = re.compile(r"^(?:async[ \t]+)?def[ \t]+main[ \t]*\(", re.MULTILINE)
BLOCK = re.compile(r"^# ?(extra_)?requirements:")
ITEM = re.compile(r"^# ?(\S+)\s*$")
PIN = re.compile(r"#\s*(pin|repin):\s*(\S+)")
VERSION_LINE = re.compile(r"^# ?py:(.*)$")
VERSION_WORD = re.compile(r"^#\s*py3(1\d)\s*$")
NO_CACHE = re.compile(r"^#\s*no_cache\s*$")
INLINE, INLINE_END = "# /// script", "# ///"
WORKSPACE = ("f", "u")  # where scripts of the workspace are imported from
STANDARD = frozenset(sys.stdlib_module_names) | {  # and what newer Pythons have dropped
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
    "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau",
    "telnetlib", "uu", "xdrlib",
}  # fmt: skip
IMPORTED = re.compile(r"^(import|from)\b([^#\n]*)", re.MULTILINE)
HIDDEN = re.compile(r";[ \t]*(?:import|from)\b|^import\b.*\\$", re.MULTILINE)  # imports that are not seen line by line
ANNOTATED = re.compile(
    r"^# ?(?:(?:extra_)?requirements:|/// script|py:)|^#\s*(?:py3\d+|no_cache)\s*$|#\s*(?:re)?pin:", re.MULTILINE
)
REMEMBERED = 512  # sources whose needs are kept
EXAMPLE = "Write it as pip takes it, such as pandas==2.2.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A module that is imported and not of the standard library."""

    module: str
    package: str  # that brings it, as far as is known
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a source needs."""

    requirements: tuple[str, ...] = ()  # asked for by name
    imports: tuple[Import, ...] = ()  # asked for by use
    scripts: tuple[str, ...] = ()  # paths of scripts of the workspace that are imported
    python: tuple[str, ...] = ()  # specifiers of its version
    no_cache: bool = False  # resolve anew

    def __bool__(self) -> bool:
        """Whether anything is needed."""
        return bool(self.requirements or self.imports or self.scripts or self.python)


NOTHING = Needs()


@lru_cache(maxsize=REMEMBERED)
def needs_of(content: str, path: str | None = None) -> Needs:
    """What the source needs; a source that does not parse needs nothing. Raises InvalidSource with the line."""
    if not _may_need(content):
        return NOTHING
    lines = content.split("\n")
    python = list(_versions(lines))
    no_cache = any(NO_CACHE.match(line) for line in _leading(lines))
    inline = _inline(lines)
    if inline is not None:
        requirements, wanted = inline
        return Needs(requirements=requirements, python=(*python, *wanted), no_cache=no_cache)
    listed = _listed(lines, extra=False)
    if listed is not None:
        return Needs(requirements=listed, python=tuple(python), no_cache=no_cache)
    pins, imports, scripts = _imports(content, path)
    return Needs(
        requirements=tuple(dict.fromkeys([*(_listed(lines, extra=True) or ()), *pins])),
        imports=imports,
        scripts=scripts,
        python=tuple(python),
        no_cache=no_cache,
    )


def _may_need(content: str) -> bool:
    """Whether a closer look is worth while: quick, and never wrong when it says no."""
    if ANNOTATED.search(content) or HIDDEN.search(content):
        return True
    for found in IMPORTED.finditer(content):
        names = [found[2]] if found[1] == "from" else found[2].split(",")
        if any((name.split() or ["?"])[0].partition(".")[0] not in STANDARD for name in names):
            return True
    return False


def _leading(lines: list[str]) -> Iterator[str]:
    """The comment lines before all else."""
    for line in lines:
        if line.startswith("#"):
            yield line
        elif line.strip():
            return


def _versions(lines: list[str]) -> Iterator[str]:
    """The specifiers of Python's version. Raises InvalidSource."""
    for number, line in enumerate(lines, 1):
        if not line.startswith("#"):
            break
        if found := VERSION_LINE.match(line):
            yield _specifier(found[1].strip(), number, "# py: >=3.11")
    for line in _leading(lines):
        if found := VERSION_WORD.match(line):
            yield f"==3.{found[1]}.*"


def _specifier(text: str, line: int, example: str) -> str:
    """A version or specifiers, as specifiers. Raises InvalidSource."""
    wanted = text if not text[:1].isdigit() else f"=={text}.*" if text.count(".") < 2 else f"=={text}"
    wanted = wanted.replace(".x", ".*").replace(".*.*", ".*")
    try:
        SpecifierSet(wanted)
    except InvalidSpecifier:
        what = f"{text!r} is no version of Python"
        raise InvalidSource(what, remedy=f"Write it such as {example}", line=line) from None
    return wanted


def _listed(lines: list[str], *, extra: bool) -> tuple[str, ...] | None:
    """The lines below `# requirements:` or `# extra_requirements:`; None where there is no such block."""
    for start, line in enumerate(lines):
        found = BLOCK.match(line)
        if found is None or bool(found[1]) != extra:
            continue
        items: list[str] = []
        for number, below in enumerate(lines[start + 1 :], start + 2):
            item = ITEM.match(below)
            if item is None:
                break
            items.append(_requirement(item[1], number))
        return tuple(items)
    return None


def _requirement(text: str, line: int) -> str:
    try:
        Requirement(text)
    except InvalidRequirement as error:
        what = f"{text!r} is no requirement: {str(error).partition(chr(10))[0]}"
        raise InvalidSource(what, remedy=EXAMPLE, line=line) from None
    return text


def with_requirements(content: str, packages: Iterable[str]) -> str:
    """A source that asks for packages beside its imports, in a block below it that Windmill reads.

    Raises InvalidInput for what is no requirement, and where the source has such a block already.
    """
    wanted = list(dict.fromkeys(_one_word(text) for text in packages))
    if not wanted:
        return content
    for line in content.split("\n"):
        if BLOCK.match(line) or line == INLINE:
            remedy = f"Write {', '.join(wanted)} there"
            raise InvalidInput(f"the source has a list of its packages already: {line}", remedy=remedy)
    end = "" if content.endswith("\n") else "\n"
    return f"{content}{end}\n# extra_requirements:\n" + "".join(f"# {text}\n" for text in wanted)


def _one_word(text: str) -> str:
    """A requirement without blanks, as a comment takes it. Raises InvalidInput."""
    try:
        found = str(Requirement(text))
    except InvalidRequirement as error:
        why = str(error).partition("\n")[0]
        raise InvalidInput(f"{text!r} is no requirement", why=why, remedy=EXAMPLE) from None
    if " " in found:
        remedy = "Write a PEP 723 block into the cell: # /// script"
        raise InvalidInput(f"{text!r} cannot stand in a list of packages", remedy=remedy)
    return found


def _inline(lines: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The dependencies and the Python of a PEP 723 block; None where there is none. Raises InvalidSource."""
    if INLINE not in lines:
        return None
    start = lines.index(INLINE)
    body: list[str] = []
    for line in lines[start + 1 :]:
        if line.rstrip() == INLINE_END:
            break
        if not line.startswith("#"):
            raise _broken(start, "it has no end", f"End it with the line {INLINE_END}")
        body.append(line[1:].removeprefix(" "))
    else:
        raise _broken(start, "it has no end", f"End it with the line {INLINE_END}")
    try:
        document = tomllib.loads("\n".join(body))
    except tomllib.TOMLDecodeError as error:
        raise _broken(start, _in_source(str(error), start), "It is written in TOML") from None
    return _dependencies(document, start)


def _dependencies(document: dict[str, Any], start: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    listed, python = document.get("dependencies", []), document.get("requires-python")
    if not isinstance(listed, list) or not all(isinstance(found, str) for found in listed):
        raise _broken(start, "its dependencies are no list of texts", 'Write dependencies = ["pandas==2.2.3"]')
    if python is not None and not isinstance(python, str):
        raise _broken(start, "its requires-python is no text", 'Write requires-python = ">=3.11"')
    versions = () if python is None else (_specifier(python, start + 1, 'requires-python = ">=3.11"'),)
    return tuple(_requirement(found, start + 1) for found in listed), versions


def _broken(start: int, why: str, remedy: str) -> InvalidSource:
    return InvalidSource(f"the block {INLINE} cannot be read: {why}", remedy=remedy, line=start + 1)


def _in_source(text: str, start: int) -> str:
    """A message of the TOML parser with the line as the source counts it."""
    return re.sub(r"line (\d+)", lambda found: f"line {int(found[1]) + start + 1}", text)


def _imports(content: str, path: str | None) -> tuple[list[str], tuple[Import, ...], tuple[str, ...]]:
    """Pins, imported modules and imported scripts."""
    main = MAIN.search(content)
    text = content if main is None else content[: main.start()]
    lines = text.rstrip("\n").split("\n")
    while main is not None and lines and lines[-1].startswith("@"):
        lines.pop()  # decorators of main
    try:
        body = ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], (), ()  # the job says what is wrong with it
    pins: dict[str, list[str]] = {}
    repins: dict[str, str] = {}
    imports: dict[str, Import] = {}
    scripts: dict[str, None] = {}
    for statement in body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        for module in _modules(statement, path):
            if module.startswith("/"):
                scripts[module[1:]] = None
                continue
            imports.setdefault(module, Import(module=module, package=package_of(module), line=statement.lineno))
        pin = PIN.search(lines[(statement.end_lineno or statement.lineno) - 1], statement.end_col_offset or 0)
        if pin is not None:
            key = next(iter(_modules(statement, path)), "")
            pinned = _requirement(pin[2], statement.lineno)
            imports.pop(key, None)
            if pin[1] == "repin":
                repins[key] = pinned
            else:
                pins.setdefault(key, []).append(pinned)
    named = [*repins.values(), *(pin for key, found in pins.items() if key not in repins for pin in found)]
    return named, tuple(imports.values()), tuple(scripts)


def _modules(statement: ast.Import | ast.ImportFrom, path: str | None) -> Iterator[str]:
    """The modules that a statement imports; scripts of the workspace as their path after a slash."""
    if isinstance(statement, ast.ImportFrom) and statement.level:
        folders = (path or "").split("/")[: -statement.level]
        if folders:
            module = (statement.module or "").replace(".", "/")
            names = [module] if module else [alias.name for alias in statement.names]
            yield from ("/" + "/".join([*folders, name]) for name in names)
        return
    if isinstance(statement, ast.Import):
        found = [alias.name for alias in statement.names]
    elif (module := statement.module or "").split(".")[0] in WORKSPACE:
        found = [module, *(f"{module}.{alias.name}" for alias in statement.names)]
    else:
        longest = max((f"{module}.{alias.name}" for alias in statement.names), key=namespace_depth)
        found = [longest if namespace_depth(longest) > namespace_depth(module) else module]
    for name in found:
        first = name.partition(".")[0]
        if first in WORKSPACE:
            yield "/" + name.replace(".", "/")
        elif first not in STANDARD:
            yield name


def namespace_depth(module: str) -> int:
    """How many parts of a dotted module name its package, in a namespace that many share; 0 elsewhere."""
    parts = module.split(".")
    return next((count for count in range(len(parts), 1, -1) if ".".join(parts[:count]) in NAMESPACES), 0)


def package_of(module: str) -> str:
    """The package that brings a module, as far as is known: else one of the same name."""
    parts = module.split(".")
    count = namespace_depth(module)
    if count:
        return NAMESPACES[".".join(parts[:count])]
    return PACKAGES.get(parts[0], parts[0].replace("_", "-"))
