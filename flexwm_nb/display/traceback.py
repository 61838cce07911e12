"""A failed job's error as a notebook shows errors: frames at the cell's own lines, with the source around them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flexwm_nb.display.logs import own_lines
from flexwm_nb.display.places import lines_of
from flexwm_nb.display.wording import OVERRIDES, Face, clean, seconds, short

WIDTH = 75  # characters
AROUND = 2  # source lines shown before and after
LONGEST_VALUE = 40  # characters of an argument's value
FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
LAST = re.compile(r"^(?P<name>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$", re.DOTALL)
TRACEBACK = "Traceback (most recent call last):"
WORKER = "ExecutionErr"  # the name of errors that the engine found
RED, GREEN, CYAN, RESET = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a script's source can be seen."""

    path: str
    content: str
    language: str = "python3"
    cell: int | None = None  # number of the cell that registered it, in this kernel
    above: int = 0  # lines of that cell above the script
    shown: str | None = None  # what stands at its lines in that cell, where that is not the source itself
    label: str = ""  # what it is called when it is not from a cell here, such as `f/demo/etl v3`

    def place(self, line: int) -> str:
        """A line of the script, by name."""
        where = f"Cell In[{self.cell}]" if self.cell is not None else self.label or self.path
        return f"{where}, line {line + self.above}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFailure:
    """What a failed job tells."""

    name: str
    message: str
    stack: str = ""


@dataclass(frozen=True, slots=True)
class RemoteFrame:
    """One frame of a stack."""

    file: str
    line: int
    function: str


def failure_of(error: Mapping[str, Any], logs: str = "", language: str = "python3") -> RemoteFailure:
    """A job's error; where Python ended before `main` was called, its traceback is found in the log."""
    name = str(error.get("name") or "Error")
    message = str(error.get("message") or "")
    if language == "python3" and name == WORKER:
        found = _from_log(own_lines(logs) or message.split("\n"))
        if found is not None:
            return found
    message = message.removeprefix("execution error:\n")
    if language == "duckdb":
        message = _unquoted(message)
    return RemoteFailure(name=name, message=message, stack=str(error.get("stack") or ""))


def _unquoted(message: str) -> str:
    """DuckDB's own text, which Windmill gives as JSON."""
    try:
        found = json.loads(message)
    except ValueError:
        return message
    return found if isinstance(found, str) else message


def _from_log(lines: Sequence[str]) -> RemoteFailure | None:
    """The last traceback in a log."""
    starts = [number for number, line in enumerate(lines) if line == TRACEBACK]
    if not starts:
        return None
    block = lines[starts[-1] + 1 :]
    end = next((number for number, line in enumerate(block) if line and not line.startswith(" ")), None)
    found = LAST.match("\n".join(block[end:])) if end is not None else None
    if found is None:
        return None
    return RemoteFailure(name=found["name"], message=found["message"] or "", stack="\n".join(block[:end]))


def frames_of(stack: str) -> list[RemoteFrame]:
    """The frames of a Python stack, outermost first."""
    found = (FRAME.match(line) for line in stack.split("\n"))
    return [RemoteFrame(match["file"], int(match["line"]), match["function"] or "") for match in found if match]


def is_own(file: str, path: str) -> bool:
    """Whether a frame's file is the script's module."""
    module = re.sub(r"[ -]", "_", path.lower()) + ".py"
    return file.replace("\\", "/").lower().endswith(f"/{module}") or file.endswith(("tmp/main.py", "/main.sh"))


def render(
    failure: RemoteFailure,
    origin: Origin,
    *,
    job_id: str,
    engine: str,
    took: timedelta | None,
    arguments: Mapping[str, Any],
    face: Face = "rich",
    colour: bool = True,
    step: str = "",
    step_id: str = "",
    can_replay: bool = False,
) -> list[str]:
    """The lines of a failed job's traceback. `step` says which step of a flow failed, `step_id` names it."""
    paint = _paint if colour and face != "plain" else _leave
    where = f"job on {engine}" if face == "plain" else f"job {short(job_id)} on {engine}"
    when = "" if took is None or face == "plain" else f", {seconds(took)}"
    name = failure.name.rpartition(".")[2]
    lines = [paint("-" * WIDTH, RED), paint(name, RED) + f"{where + when:>{max(WIDTH - len(name), 0)}}"]
    lines += [step] if step else []
    lines += (
        _python(failure, origin, arguments, paint) if origin.language == "python3" else _other(failure, origin, paint)
    )
    last = f"{name}: {failure.message}" if failure.message else name
    lines += [paint(part, RED) if number == 0 else part for number, part in enumerate(clean_lines(last))]
    return [*lines, _next(job_id, step_id, face, can_replay)]


def _next(job_id: str, step_id: str, face: Face, can_replay: bool) -> str:
    """What can be typed next."""
    job = "" if face == "plain" else f" {short(job_id)}"
    named = f" {step_id}" if step_id and job else ""
    debug = f"   debug it here: %windmill_replay{job}{named}" if can_replay else ""
    return f"inputs and logs: %windmill_job{job}{debug}"


def clean_lines(text: str) -> list[str]:
    """Text's lines without colours of its own."""
    return [clean(line) for line in text.split("\n")]


def _paint(text: str, colour: str) -> str:
    return f"{colour}{text}{RESET}"


def _leave(text: str, colour: str) -> str:
    return text


def _python(failure: RemoteFailure, origin: Origin, arguments: Mapping[str, Any], paint: Any) -> list[str]:
    lines: list[str] = []
    called = False
    for frame in frames_of(failure.stack):
        if not is_own(frame.file, origin.path):
            lines.append(
                f"File {_shortened(frame.file)}:{frame.line}" + (f", in {frame.function}" if frame.function else "")
            )
            continue
        signature = ""
        if frame.function == "main" and not called:
            called, signature = True, f"({_shown(arguments)})"
        function = f", in {frame.function}{signature}" if frame.function and frame.function != "<module>" else ""
        lines += [paint(origin.place(frame.line), GREEN) + function, *_source(origin, frame.line, paint)]
    return lines


def _other(failure: RemoteFailure, origin: Origin, paint: Any) -> list[str]:
    """What the error's text says of lines."""
    found = lines_of(origin.language, f"{failure.stack}\n{failure.message}", origin.content)
    return [text for line in found for text in (paint(origin.place(line), GREEN), *_source(origin, line, paint))]


def _shortened(file: str) -> str:
    """A library's file, from its package on."""
    for mark in ("/site-packages/", "/dist-packages/"):
        if mark in file:
            return file.rpartition(mark)[2]
    return file


def _shown(arguments: Mapping[str, Any]) -> str:
    """A call's arguments, long values cut."""
    parts = []
    for name, value in arguments.items():
        text = repr(value)
        parts.append(f"{name}={text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + '…'}")
    return ", ".join(parts)


def _source(origin: Origin, line: int, paint: Any) -> list[str]:
    """The source around a line, numbered as in the cell."""
    source = (origin.content if origin.shown is None else origin.shown).translate(OVERRIDES).split("\n")
    if not 1 <= line <= len(source):
        return []
    first, last = max(line - AROUND, 1), min(line + AROUND, len(source))
    while last > line and not source[last - 1].strip():
        last -= 1
    return [
        _numbered(source[at - 1], at + origin.above, at == line, paint)
        for at in range(first, last + 1)
        if at + origin.above > 0
    ]


def _numbered(text: str, number: int, here: bool, paint: Any) -> str:
    if here:
        arrow = "-" * max(5 - len(str(number)), 1) + "> "
        return f"{paint(f'{arrow}{number}', CYAN)} {text}"
    return f"{number:>{max(7, len(str(number)) + 3)}} {text}"
