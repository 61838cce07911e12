"""Sources that clients keep here for a while, so that what imports scripts which are not registered yet can be tried.

Whoever keeps one is told its hash. The arguments of a preview, or of a job that finds a lock, name paths and hashes:
for this job those sources stand at those paths. A preview of a flow hands them on to its steps.

Behaviour: Windmill 1.743.
"""

from __future__ import annotations

import json
from hashlib import sha256

from flexwm_nb.server.clock import now
from flexwm_nb.server.jobs.records import Job
from flexwm_nb.server.runners.jsonb import normalize
from flexwm_nb.server.store.connections import Transaction
from flexwm_nb.server.store.database import Database

IN_PREVIEW = "_TEMP_SCRIPT_REFS"
ARGUMENTS = {"preview": IN_PREVIEW, "flowpreview": IN_PREVIEW, "dependencies": "temp_script_refs"}  # by kind of job
NEVER_SEEN = (IN_PREVIEW, "_MODULES")  # arguments that are for the engine, not for the script
KEPT = 7 * 24 * 3600 * 1_000_000  # microseconds since a source was last sent


async def keep(database: Database, workspace: str, content: str) -> str:
    """Keep a source; its hash. Those that nobody has sent for long go."""
    found, moment = sha256(f"{workspace}{content}".encode()).hexdigest(), now()
    row = {"workspace": workspace, "hash": found, "content": content, "now": moment}

    def change(transaction: Transaction) -> None:
        transaction.run("temporary_script_keep", **row)
        transaction.run("temporary_script_forget", before=moment - KEPT)

    await database.write(change)
    return found


def source(database: Database, workspace: str, wanted: str | None) -> str | None:
    """The source with this hash; None where there is none."""
    row = wanted and database.one("temporary_script_source", workspace=workspace, hash=wanted)
    return str(row["content"]) if row else None


def named(job: Job) -> dict[str, str]:
    """What a job imports of them: path -> hash."""
    name = ARGUMENTS.get(job.kind)
    if name is None or f'"{name}"' not in job.arguments:
        return {}
    found = json.loads(job.arguments).get(name)
    return {path: text for path, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def handed_on(flow: Job, arguments: str) -> str:
    """The arguments of a step, with what the preview of its flow says."""
    found = named(flow) if flow.kind == "flowpreview" else {}
    return (
        normalize(json.dumps({**json.loads(arguments), IN_PREVIEW: found}, ensure_ascii=False)) if found else arguments
    )


def seen(arguments: str) -> str:
    """The arguments as the script sees them."""
    if not any(f'"{name}"' in arguments for name in NEVER_SEEN):
        return arguments
    fields = json.loads(arguments)
    return normalize(json.dumps({name: fields[name] for name in fields if name not in NEVER_SEEN}, ensure_ascii=False))
