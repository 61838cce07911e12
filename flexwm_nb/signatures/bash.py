"""Bash: the arguments are the lines `name="$1"` (Windmill's parser, regex 1.692.0)."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

from flexwm_nb.errors import InvalidSource
from flexwm_nb.signatures.base import Language, argument, signature

ASSIGNMENT = re.compile(r'^([A-Za-z0-9_]+)="\$(?:(\d+)|\{(\d+)\}|\{(\d+):-(.*)\})"[ \t]*(?:#.*)?\r?$', re.MULTILINE)
UNREAD = re.compile(r"""^[ \t]*(?:local[ \t]+|export[ \t]+|declare[ \t]+)?(\w+)=["']?\$\{?(\d+)""", re.MULTILINE)
MOST = 20  # arguments; the first number that is not looked for
COMPLAINT = re.compile(r"line (\d+): (.*)")
PATIENCE = 5  # seconds for bash to read a script


class Bash(Language):
    """bash."""

    def parse(self, content: str, entrypoint: str | None) -> dict[str, Any]:
        """Arguments 1, 2, … up to the first gap; a later line with the same number wins."""
        found = {}
        for match in ASSIGNMENT.finditer(content):
            number = int(match[2] or match[3] or match[4])
            found[number] = (match[1], match[5])
        args = []
        for number in range(1, MOST):
            if number not in found:
                break
            name, default = found[number]
            args.append(argument(name, {"str": None}, default, default is not None))
        return signature(args)

    def check(self, content: str) -> None:
        """Have bash read it without running it, where bash is."""
        program = shutil.which("bash")
        if program is None:
            return
        command = [program, "-n", "/dev/stdin"]
        data = content.encode("utf-8", "surrogateescape")
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=False)
        complaint = COMPLAINT.search(done.stderr.decode("utf-8", "replace"))
        if done.returncode and complaint:
            line = int(complaint[1])
            text = (content.splitlines() or [""])[min(line, len(content.splitlines()) or 1) - 1]
            raise InvalidSource(why=complaint[2], line=line, column=1, text=text, language="bash")

    def surprises(self, content: str) -> list[str]:
        """Arguments that are read in a form which Windmill does not see."""
        seen = {found["name"] for found in self.parse(content, None)["args"]}
        warnings = []
        for match in UNREAD.finditer(content):
            if match[1] not in seen:
                line = content.count("\n", 0, match.start()) + 1
                form = f'{match[1]}="${match[2]}"'
                warnings.append(
                    f"line {line}: Windmill passes no argument {match[1]}: it reads only lines written {form}"
                )
        return warnings


LANGUAGE = Bash()
