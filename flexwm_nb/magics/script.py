"""%%windmill_script: a cell becomes a script, a script becomes a job."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flexwm_nb import signatures
from flexwm_nb.display.live import show, show_final
from flexwm_nb.display.traceback import Origin
from flexwm_nb.display.wording import PRE, WARNING, Headline, escape
from flexwm_nb.errors import FlexwmError, InvalidArguments, InvalidSource, ScriptNotFound, UnknownLanguage
from flexwm_nb.magics import dry_run, forms, jobs, local, runs
from flexwm_nb.magics.catalogue import about
from flexwm_nb.magics.commands import RegisterScript, RunScript
from flexwm_nb.magics.forms import Question, collected
from flexwm_nb.magics.languages import SPOKEN, database_of, explained
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import Arguments

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.models.scripts import Registration

AT_LINE = re.compile(r"^line (\d+):")
MAIN = {"python3": "def main()", "go": "func main() (interface{}, error)", "php": "function main()"}
NAMED_MAIN = re.compile(r"\bmain\b")
TYPESCRIPT_MAIN = "export async function main()"
LOOKED_AT = 1_000_000  # characters; shorter sources are small enough everywhere
EVERYWHERE = ("python3", "bash")  # languages that every engine runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a cell's source says of itself."""

    schema: dict[str, Any]
    open_ended: bool  # takes any argument
    warnings: tuple[str, ...]
    is_library: bool = False  # has no main


def inspect(language: str, content: str) -> Source:
    """Read a source. Raises InvalidSource, with its line, for one that cannot be registered."""
    signatures.check_syntax(language, content)
    if language == "python3":
        from flexwm_nb.signatures.python3_requirements import needs_of

        needs_of(content)
    try:
        signature = signatures.parse_signature(language, content)
    except UnknownLanguage:
        return Source(schema={}, open_ended=True, warnings=())
    return Source(
        schema=signatures.infer_schema(language, content),
        open_ended=bool(signature["star_kwargs"]),
        warnings=tuple(signatures.surprises(kind_of(language, content), content)),
        is_library=signature.get("auto_kind") == "lib" and (language == "python3" or not NAMED_MAIN.search(content)),
    )


def kind_of(language: str, content: str) -> str:
    """The language, which a first comment `//native` makes another one for bun."""
    return "bunnative" if language == "bun" and content.lstrip().startswith("//native") else language


async def windmill_script(call: Call, command: RegisterScript) -> Any:
    """Register the cell and run it; nothing is registered before everything is known to be right."""
    check_size(command)
    command = await settled(call, command)
    source = inspect(command.language, command.content)
    if source.is_library and not command.no_run:
        main = MAIN.get(command.language, TYPESCRIPT_MAIN)
        remedy = f"Add {main}, or register it for others to import with --no-run"
        raise InvalidSource("the cell has no function main", remedy=remedy)
    if command.dry_run:
        warnings = [located(call, warning) for warning in source.warnings]
        return await dry_run.windmill_dry_run(call, command, source.schema, warnings)
    if command.local:
        given = collected(call, command, source.schema, source.open_ended, command.path)
        return await local.run_here(call, command, given)
    arguments = Arguments() if command.no_run else await gather_for(call, command, source)
    engine = await call.engine()
    registration = await register(call, engine, command, source)
    headline = headline_of(registration, command.language)
    if registration.status != "unchanged" or call.session.face == "plain":
        explain(call, command)
        warn(call, [*await unable(call, engine, command.language), *source.warnings])
    if command.no_run:
        if not command.quiet:
            show_final(headline, call.session.face)
        return None
    return await run(call, engine, f"{command.path}@{registration.hash}", arguments, headline, command)


def check_size(command: RegisterScript) -> None:
    """Raise ScriptTooLarge before a source is looked at that no engine would take."""
    if len(command.content) > LOOKED_AT:
        drafts = importlib.import_module("flexwm_nb.services.drafts")  # when it is used: it takes pydantic's models
        drafts.check_size(command.path, command.content)


async def settled(call: Call, command: RegisterScript) -> RegisterScript:
    """The command with the language that its database speaks, where the cell only says `sql` and names it."""
    path = database_of(command.content) if command.is_sql else None
    if path is None:
        return command
    engine = await call.engine()
    try:
        resource = await call.work(engine.resources.read, path)
    except FlexwmError:  # it may be made later
        return command
    return replace(command, language=SPOKEN.get(resource.resource_type, command.language))


def explain(call: Call, command: RegisterScript) -> None:
    """Say what `sql` became."""
    if command.is_sql and not command.quiet:
        text = explained(command.language)
        show(text, f'<pre style="{PRE}">{escape(text)}</pre>', call.session.face)


async def unable(call: Call, engine: Engine, language: str) -> list[str]:
    """A warning where the engine says that it does not run a language."""
    known = () if language in EVERYWHERE else await call.work(engine.health.languages)
    if not known or language in known:
        return []
    runs = f"this engine does not run {language}, only {', '.join(known)}"
    return [f"{runs}; a real Windmill does: %windmill_connect URL"]


async def gather_for(call: Call, command: RegisterScript, source: Source) -> Arguments | Question:
    """The arguments for a cell's own main; where they are wrong, what Windmill reads differently may be why."""
    try:
        return await forms.arguments_for(call, command, source.schema, source.open_ended, command.path)
    except InvalidArguments:
        warn(call, source.warnings)
        raise


async def register(call: Call, engine: Engine, command: RegisterScript, source: Source) -> Registration:
    """Register the cell, and remember where it came from."""
    from flexwm_nb.models.scripts import ScriptDraft

    draft = ScriptDraft(
        path=command.path,
        language=command.language,
        content=command.content,
        summary=command.summary,
        description=command.description,
        schema=source.schema or None,
        tag=command.tag,
        library=source.is_library,
    )
    registration = await call.work(engine.scripts.register, draft)
    number, above = call.cell()
    origin = Origin(path=command.path, content=command.content, language=command.language, cell=number, above=above)
    call.session.remember_origin(registration.hash, origin)
    return registration


def headline_of(registration: Registration, language: str) -> Headline:
    """The line about a registered script."""
    return Headline(subject=str(registration), stable=registration.path, language=language)


def warn(call: Call, warnings: Sequence[str]) -> None:
    """Say where Windmill would surprise."""
    if warnings:
        text = "\n".join(f"⚠ {located(call, warning)}" for warning in warnings)
        show(text, f'<pre style="{PRE};color:{WARNING}">{escape(text)}</pre>', call.session.face)


def located(call: Call, warning: str) -> str:
    """A warning with the line as the notebook counts it."""
    return AT_LINE.sub(lambda found: f"{call.place(int(found[1]))}:", warning)


async def run(
    call: Call, engine: Engine, reference: str, arguments: Arguments | Question, headline: Headline, command: Any
) -> Any:
    """Run a script as a command says: to its result, detached, or from a form."""
    from flexwm_nb.client.identifiers import new_id

    left = await jobs.left_of(call, engine, reference.partition("@")[0], command)
    if left is not None:
        return await jobs.come_back(call, engine, left, command)
    if isinstance(arguments, Question):

        async def begin(call: Call, given: Arguments) -> tuple[Execution, Headline]:
            """Start it with what the form was given."""
            values = await runs.upload(call, engine, given)
            tag = command.tag if isinstance(command, RunScript) else None
            return await runs.launch(call, new_id(), reference, values, headline, timeout=command.timeout, tag=tag)

        return await forms.ask(call, arguments, begin)
    headline = headline.evolve(notes=tuple(map(str, arguments.files)))
    values = await runs.upload(call, engine, arguments)
    job_id = new_id()
    return await runs.guarded(call, job_id, _run(call, job_id, reference, values, headline, command))


async def _run(
    call: Call, job_id: str, reference: str, values: dict[str, Any], headline: Headline, command: Any
) -> Any:
    tag = command.tag if isinstance(command, RunScript) else None
    execution, headline = await runs.launch(call, job_id, reference, values, headline, timeout=command.timeout, tag=tag)
    if command.detach:
        call.put(command.output, execution)
        return execution
    job = await runs.follow(call, execution, headline, quiet=command.quiet)
    return await runs.conclude(call, execution, job, command.output)


async def windmill_run(call: Call, command: RunScript) -> Any:
    """Run a registered script or flow."""
    engine = await call.engine()
    try:
        script, version = await find(call, engine, command.reference)
    except ScriptNotFound as error:
        flow = importlib.import_module("flexwm_nb.magics.flow")  # when it is used: it takes pydantic's models
        return await flow.run_registered(call, engine, command, error)
    open_ended = takes_anything(script)
    arguments = await forms.arguments_for(call, command, script.schema or {}, open_ended, command.reference)
    headline = Headline(subject=f"{script.path} v{version.number}", stable=script.path, language=script.language)
    return await run(call, engine, f"{script.path}@{script.hash}", arguments, headline, command)


async def find(call: Call, engine: Engine, reference: str) -> tuple[Any, Any]:
    """A script and which version it is. Raises ScriptNotFound with the path that was probably meant."""
    path = reference.partition("@")[0]
    script = await about(call, engine, path, engine.scripts.get, reference)
    return script, await call.work(engine.scripts.resolve, f"{path}@{script.hash}")


def takes_anything(script: Any) -> bool:
    """Whether a script takes arguments that its schema does not name."""
    if not (script.schema or {}).get("properties") and script.language not in signatures.MODULES:
        return True
    if script.language not in signatures.MODULES:
        return False
    try:
        return bool(signatures.parse_signature(script.language, script.content)["star_kwargs"])
    except InvalidSource:
        return True
