"""`flexwm serve | status | stop | run | jobs | logs | doctor | push | pull | build | cache`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flexwm_nb.cli import caching, running
from flexwm_nb.cli.building import build
from flexwm_nb.errors import AuthenticationFailed, FlexwmError, InvalidInput
from flexwm_nb.handshake import VERSION

if TYPE_CHECKING:
    from flexwm_nb.config import Config
    from flexwm_nb.models.workspace import HealthCheck

FINE, FAILED, USAGE, NOT_RUNNING = 0, 1, 2, 3  # exit statuses
INTERRUPTED = 130  # exit status
SIGNS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
SERVER = "flexwm_nb.server"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status: 0 fine, 1 failed, 2 wrong usage, 3 no engine runs."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["serve"]:
            return serve(words[1:])
        options = parser().parse_args(words)
        return _done(options)
    except FlexwmError as error:
        print(f"flexwm: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _done(options: argparse.Namespace) -> int:
    """Run a command; a person who sits at the terminal is asked for a token that nothing else gives."""
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except AuthenticationFailed as error:
        if not error.details.get("missing") or not sys.stdin.isatty():
            raise
        options.token = getpass.getpass(f"{error.what}. Token: ").strip() or None
        return command(options)


def parser() -> argparse.ArgumentParser:
    """The command line, but for what `serve` hands on to the server."""
    made = argparse.ArgumentParser(prog="flexwm", description="The local engine of flexwm_nb.")
    made.add_argument("--version", action="version", version=f"flexwm {VERSION}")
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run the local engine in the foreground (flexwm serve --help)")
    shown = commands.add_parser("status", help="say which engine is in use and what it does")
    ended = commands.add_parser("stop", help="end the local engine when its jobs have ended")
    ended.add_argument("--force", action="store_true", help="end it at once; its jobs start again with it")
    checked = commands.add_parser("doctor", help="check configuration and engine, with what to do")
    pushed = commands.add_parser("push", help="make an engine have what files have, laid out as wmill sync does")
    pulled = commands.add_parser("pull", help="write what an engine has to files, laid out as wmill sync does")
    for command, run in ((shown, status), (ended, stop), (checked, doctor), (pushed, push), (pulled, pull)):
        command.set_defaults(command=run)
        command.add_argument("--store", metavar="DIR", help="directory of the local engine's store")
    for command in (pushed, pulled):
        command.add_argument("path", nargs="?", default="", help="only what is below it, such as f/flights")
        command.add_argument("--dir", default=".", help="the folder of the files (the current one)")
        command.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        command.add_argument("--delete", action="store_true", help="also take away what the other side does not have")
        command.add_argument("--secrets", action="store_true", help="secret values too")
        command.add_argument("--yes", action="store_true", help="do not ask before changing something")
    made_here = commands.add_parser(
        "build", help="make the Windmill of the managed engine from a checkout of its source"
    )
    made_here.add_argument("--source", metavar="DIR", help="its backend folder (third_party/windmill/backend)")
    made_here.set_defaults(command=build)
    caching.add(commands)
    of_runs = running.add(commands)
    pushed.add_argument("--message", help="deployment message of the new versions of flows")
    for command in (shown, ended, checked, pushed, pulled, *of_runs):
        command.add_argument("--engine", metavar="ENGINE", help="local, managed, or the URL of a Windmill")
    for command in (shown, checked, pushed, pulled, *of_runs):
        command.add_argument("--workspace", metavar="W", help="workspace")
    return made


def serve(words: Sequence[str]) -> int:
    """Become the server, in the configured store unless another is named."""
    options = list(words)
    if not {"-h", "--help"} & set(options) and not any(word.split("=")[0] == "--store" for word in options):
        options = ["--store", str(_config(argparse.Namespace()).store), *options]
    os.execv(sys.executable, [sys.executable, "-m", SERVER, *options])


def status(options: argparse.Namespace) -> int:
    """Say which engine runs; start none."""
    from flexwm_nb.engine import Engine, backend_for

    config = _config(options)
    backend = backend_for(config)
    if not backend.runs:
        print(f"no engine runs in {_place(config)}")
        return NOT_RUNNING
    with Engine(config, backend=backend) as engine:
        print(engine.describe())
        counts = engine.executions.counts()
        print(f"jobs: {counts.running} running, {counts.waiting} waiting, {counts.completed} completed")
        if backend.log is not None:
            print(f"in:   {_place(config)}")
            print(f"log:  {backend.log}")
    return FINE


def stop(options: argparse.Namespace) -> int:
    """End a local or managed engine."""
    from flexwm_nb.engine import backend_for

    config = _config(options)
    print("stopped" if backend_for(config).stop(force=options.force) else f"no engine runs in {_place(config)}")
    return FINE


def _place(config: Config) -> Path:
    """The directory of an engine that runs here."""
    return config.managed_folder if config.target == "managed" else config.store


def doctor(options: argparse.Namespace) -> int:
    """Check everything; the local engine is started for it where none runs."""
    from flexwm_nb.engine import Engine
    from flexwm_nb.models.workspace import HealthCheck
    from flexwm_nb.services import surroundings

    config = _config(options)
    checks = [surroundings.configuration(config)]
    try:
        with Engine(config) as engine:
            checks += [check for check in engine.health.check() if check.name != "configuration"]
    except FlexwmError as error:
        message = error.what if error.why is None else f"{error.what}: {error.why}"
        checks.append(HealthCheck(name="engine", status="fail", message=message, remedy=error.remedy))
    for check in checks:
        print(_line(check))
    return FAILED if any(check.status == "fail" for check in checks) else FINE


def push(options: argparse.Namespace) -> int:
    """Make the engine have what the files have."""
    from flexwm_nb import sync
    from flexwm_nb.engine import Engine

    with Engine(_config(options)) as engine:
        plan = sync.plan_push(engine.client, Path(options.dir), options.path, **_wishes(options))
        if _agreed(plan, options, f"{engine.client.endpoint.url}, workspace {engine.client.endpoint.workspace}"):
            sync.push(plan, engine, message=options.message, told=print)
    return FINE


def pull(options: argparse.Namespace) -> int:
    """Make the files have what the engine has."""
    from flexwm_nb import sync
    from flexwm_nb.engine import Engine

    folder = Path(options.dir)
    with Engine(_config(options)) as engine:
        plan = sync.plan_pull(engine.client, folder, options.path, **_wishes(options))
        if _agreed(plan, options, str(folder.resolve())):
            sync.pull(plan, folder)
    return FINE


def _wishes(options: argparse.Namespace) -> dict[str, Any]:
    return {"delete": options.delete, "secrets": options.secrets}


def _agreed(plan: Sequence[object], options: argparse.Namespace, where: str) -> bool:
    """Show what will change, and whether to go on with it."""
    for change in plan:
        print(change)
    if not plan:
        print(f"nothing to change in {where}")
        return False
    if options.dry_run or options.yes:
        return bool(options.yes and not options.dry_run)
    if not sys.stdin.isatty():
        raise InvalidInput(f"{len(plan)} changes wait for a yes", remedy="Say --yes, or --dry-run to only see them")
    return input(f"Change {len(plan)} in {where}? [y/N] ").strip().lower() in ("y", "yes")


def _config(options: argparse.Namespace) -> Config:
    """The configuration, with what the command line says before all else. Raises InvalidConfig."""
    from flexwm_nb.config import Config

    named = {name: getattr(options, name, None) for name in ("store", "engine", "workspace", "token")}
    return Config(**named)


def _line(check: HealthCheck) -> str:
    line = f"{SIGNS[check.status]}  {check.name:14} {check.message}"
    return line if check.status == "ok" or not check.remedy else f"{line}\n      {'':14} → {check.remedy}"
