"""Running uv: finding versions, installing packages, making environments; and its explanations in short."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from flexwm_nb.server import processes
from flexwm_nb.server.runners.runtimes import UV

HIDDEN = re.compile(r"^(?:FLEXWM_|WM_|VIRTUAL_ENV|CONDA_|PYTHON|UV_PROJECT)")  # variables that uv is not to see
CONCLUSION = re.compile(r",? we can conclude that your requirements are unsatisfiable\.?$")
CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")
CAUSE = re.compile(r"^\s*cause:|^\s{2,}(?=Because\b)", re.MULTILINE)
DECORATION = re.compile(r"[×╰─▶│├]+")
OFFLINE = re.compile(
    r"error sending request|dns error|network was disabled|Failed to fetch|Could not connect|timed out", re.IGNORECASE
)
FULL_DISK = re.compile(r"No space left on device|os error 28", re.IGNORECASE)
TAKEN_FROM = {"UV_INDEX_URL": "PIP_INDEX_URL", "UV_EXTRA_INDEX_URL": "PIP_EXTRA_INDEX_URL"}  # as Windmill's workers
CONFIGURED = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


class UvFailed(Exception):
    """uv ended with an error; the text is its explanation in short."""

    def __init__(self, output: str) -> None:
        """Of what it wrote."""
        super().__init__(explain(output))
        self.is_offline = OFFLINE.search(output) is not None
        self.is_full = FULL_DISK.search(output) is not None


def program() -> str:
    """Where uv is. Raises UvFailed."""
    found = UV.find()
    if found is None:
        raise UvFailed(f"error: uv is not on this machine, which finds and installs packages: {UV.remedy}")
    return found


def environment() -> dict[str, str]:
    """What uv sees: this process's variables without what is none of its business."""
    ours = {name: value for name, value in os.environ.items() if not HIDDEN.match(name)}
    for name, other in TAKEN_FROM.items():
        if other in ours and not any(known in ours for known in CONFIGURED):
            ours[name] = ours[other]
    ours.setdefault("UV_NATIVE_TLS", "true")
    return ours | {"NO_COLOR": "1", "UV_NO_PROGRESS": "1", "UV_LINK_MODE": "copy"}


def sources() -> str:
    """Where packages are looked for, as far as the environment tells."""
    ours = environment()
    named = [ours[name] for name in CONFIGURED if ours.get(name)]
    if not named and not ours.get("UV_NO_INDEX"):
        named = ["https://pypi.org/simple or what uv's configuration names"]
    return CREDENTIALS.sub("***@", ", ".join(named)) or "nowhere (UV_NO_INDEX is set)"


async def run(arguments: Sequence[str], *, folder: Path, given: str = "", lock: int | None = None) -> str:
    """What uv prints; it holds the descriptor `lock` while it runs. Raises UvFailed. Cancelled, it ends uv."""
    process = await processes.start(
        program(),
        *arguments,
        cwd=folder,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=() if lock is None else (lock,),
    )
    try:
        output, errors = await process.communicate(given.encode())
    finally:
        if process.returncode is None:
            processes.end(process)
            await process.wait()
    if process.returncode:
        raise UvFailed(errors.decode("utf-8", "replace"))
    return output.decode()


async def compile_versions(
    wanted: Sequence[str], preferred: Mapping[str, str], *, python: str, folder: Path, refresh: bool
) -> list[str]:
    """All packages that the wanted ones come to, pinned: in the preferred version where that fits. Raises UvFailed."""
    found = folder / "found.txt"
    found.write_text("".join(f"{name}=={version}\n" for name, version in sorted(preferred.items())))
    options = ["--python", python, "--no-header", "--no-annotate", "--strip-extras", "--quiet"]
    await run(
        ["pip", "compile", "-", *options, *(["--refresh"] if refresh else []), "--output-file", str(found)],
        folder=folder,
        given="\n".join(wanted) + "\n",
    )
    lines = (line.strip() for line in found.read_text().splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


async def install(lines: Sequence[str], where: Sequence[str], *, folder: Path, lock: int) -> None:
    """Install exactly these, with bytecode. `where`: `--target` and `--python`. Raises UvFailed."""
    listed = folder / "packages.txt"
    listed.write_text("".join(f"{line}\n" for line in lines))
    options = ["--no-deps", "--compile-bytecode", "--quiet"]
    try:
        await run(["pip", "install", *options, "--requirements", str(listed), *where], folder=folder, lock=lock)
    finally:
        listed.unlink(missing_ok=True)


async def make_environment(folder: Path, python: str, *, lock: int) -> None:
    """An empty environment with that Python, which uv finds or gets. Raises UvFailed."""
    options = ["--quiet", "--relocatable", "--allow-existing", "--no-project", "--python", python]
    await run(["venv", *options, str(folder)], folder=folder, lock=lock)


def explain(output: str) -> str:
    """Uv's explanation: the error and its first and last cause, without credentials."""
    text = CREDENTIALS.sub("***@", DECORATION.sub(" ", output))
    text = re.sub(r"^hint:.*", "", text, flags=re.MULTILINE | re.DOTALL) if "hint:" in text else text
    head, *causes = (" ".join(part.split()) for part in CAUSE.split(text))
    head = head.partition("error:")[2].strip() or head
    if causes and head.startswith("No solution found"):
        return CONCLUSION.sub("", causes[0]).strip()
    parts = [head, *dict.fromkeys(causes[:1] + causes[-1:])]
    return ": ".join(part.rstrip(".:") for part in parts if part)
