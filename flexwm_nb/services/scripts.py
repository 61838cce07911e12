"""Scripts: registering, finding, comparing and removing them."""

from __future__ import annotations

import builtins
from difflib import unified_diff

from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict, InvalidInput, NotFound, ScriptExists, ScriptNotFound
from flexwm_nb.handshake import INTERPRETER_HEADER
from flexwm_nb.models.scripts import (
    Deployment,
    HistoryItem,
    Registration,
    Script,
    ScriptDraft,
    ScriptSummary,
    ScriptVersion,
)
from flexwm_nb.services import drafts
from flexwm_nb.services.locks import Locks, wait_for
from flexwm_nb.services.paths import quoted
from flexwm_nb.services.references import Reference

RACES = 5  # times that another's version may come first before registering gives up
DEPLOY_TIMEOUT = 300.0  # seconds
FIRST_LOOK = 0.02  # seconds before the second look at a deployment
SHOWN_LINES = 3  # of a failed lock's log


class ScriptService:
    """The scripts of one workspace. References are `PATH`, `PATH@v2`, `PATH@HASH` or `PATH@2026-11-01`."""

    def __init__(self, client: Client, *, deploy_timeout: float = DEPLOY_TIMEOUT) -> None:
        """Work through this client."""
        self._client, self._deploy_timeout = client, deploy_timeout
        self.locks = Locks(client, seconds=deploy_timeout)

    def register(self, draft: ScriptDraft) -> Registration:
        """Make the draft the current version; nothing happens when it is that already.

        When another got there first, the draft becomes the version after. Returns when the version can be run.
        Raises ScriptTooLarge, InvalidSource, InvalidPath, UnknownLanguage, Conflict when others keep coming first,
        InvalidInput when its packages cannot be found, and ExecutionTimeout while they are looked for too long.
        """
        drafts.check(draft)
        revive = False
        for attempt in range(1, RACES + 1):
            newest = self._newest(draft.path)
            current = None if newest is None or newest.archived else newest
            if current is not None and not drafts.differs(draft, current):
                return self._unchanged(current)
            parent = newest if revive else current
            try:
                return self._create(draft, current, parent)
            except Conflict as error:
                # a script that comes back as it was before it was archived needs its old version as parent
                revive = isinstance(error, ScriptExists) and current is None
                if attempt == RACES:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def get(self, reference: str) -> Script:
        """A version with its source. Raises ScriptNotFound and InvalidInput."""
        wanted = Reference.parse(reference)
        if wanted.version is None:
            return self._current(wanted.path)
        return self._by_hash(wanted.hash or self.resolve(reference).hash, wanted.path)

    def resolve(self, reference: str) -> ScriptVersion:
        """Which version a reference means. Raises ScriptNotFound and InvalidInput."""
        wanted = Reference.parse(reference)
        if wanted.version is None:
            current = self._current(wanted.path)
            wanted = Reference(wanted.path, current.hash)
        return wanted.find(self.history(wanted.path))

    def exists(self, path: str) -> bool:
        """Whether a script is there that is not archived."""
        return bool(self._client.get(self._url("exists/p", path)))

    def list(
        self,
        path_start: str | None = None,
        *,
        language: str | None = None,
        archived: bool = False,
        limit: int | None = None,
    ) -> builtins.list[ScriptSummary]:
        """The scripts, newest first; only the archived ones where they are asked for."""
        return self._client.read_all(
            ScriptSummary,
            f"{self._client.workspace}/scripts/list",
            path_start=path_start,
            languages=language,
            show_archived=archived or None,
            per_page=limit,
            include_without_main=True,
        )

    def history(self, path: str) -> builtins.list[ScriptVersion]:
        """All versions, newest first; the oldest is number 1. Raises ScriptNotFound."""
        items = self._client.read_all(HistoryItem, self._url("history/p", path))
        if not items:
            raise missing(path)
        return [
            ScriptVersion(
                path=path,
                hash=item.hash,
                number=len(items) - index,
                created_at=item.created_at,
                deployment_message=item.deployment_message,
            )
            for index, item in enumerate(items)
        ]

    def diff(self, reference: str, other: str | None = None) -> str:
        """What changed from `other` to `reference`, unified; without `other`, since the version before.

        `other` is a reference, or a version alone (`v2`) of the same script. Raises ScriptNotFound and InvalidInput.
        """
        new = self.resolve(reference)
        old = self._before(new) if other is None else self.resolve(other if "/" in other else f"{new.path}@{other}")
        source = "" if old is None else self._by_hash(old.hash, old.path).content
        target = self._by_hash(new.hash, new.path).content
        lines = unified_diff(
            source.splitlines(),
            target.splitlines(),
            "/dev/null" if old is None else str(old),
            str(new),
            lineterm="",
        )
        return "\n".join(lines)

    def relock(self, path: str) -> Script:
        """Have the engine find the lock of the current version anew; a real Windmill makes a new version for it.

        Raises ScriptNotFound, InvalidInput when packages cannot be found, and ExecutionTimeout.
        """
        current = self._current(path)
        if self.locks.is_local:
            self.locks.update(current)
            return self._current(path)
        draft = ScriptDraft(path=path, language=current.language, content=current.content)
        document = {**drafts.document(draft, current), "lock": None, "parent_hash": current.hash}
        self._wait_until_runnable(path, self._send(draft, document), current.language)
        return self._current(path)

    def archive(self, path: str) -> None:
        """Take a script out of use; its versions stay. Raises ScriptNotFound."""
        self._client.post(self._url("archive/p", path))

    def delete(self, path: str) -> None:
        """Remove a script with all its versions. Raises ScriptNotFound."""
        self._client.post(self._url("delete/p", path))

    def _url(self, verb: str, path: str) -> str:
        return f"{self._client.workspace}/scripts/{verb}/{quoted(path)}"

    def _newest(self, path: str) -> Script | None:
        """The newest version, also of an archived script."""
        try:
            return self._client.read(Script, self._url("get/p", path))
        except NotFound as error:
            if not isinstance(error, ScriptNotFound) and type(error) is not NotFound:
                raise
            return None

    def _current(self, path: str) -> Script:
        """The version that runs by path. Raises ScriptNotFound."""
        found = self._newest(path)
        if found is None:
            raise missing(path)
        if found.archived:
            remedy = f"Register it again, or name a version of it, such as {path}@v1"
            raise ScriptNotFound(f"The script {path} is archived", remedy=remedy, path=path)
        return found

    def _by_hash(self, found: str, path: str) -> Script:
        try:
            script = self._client.read(Script, self._url("get/h", found))
        except NotFound:
            raise ScriptNotFound(f"There is no version {found} of {path}", path=path) from None
        if script.path != path:
            raise ScriptNotFound(f"{path} has no version {found}", why=f"that is {script.path}", path=path)
        return script

    def _before(self, version: ScriptVersion) -> ScriptVersion | None:
        return next((item for item in self.history(version.path) if item.number == version.number - 1), None)

    def _unchanged(self, current: Script) -> Registration:
        wanted = dict(self._client.endpoint.headers).get(INTERPRETER_HEADER)
        if wanted is not None and current.language == "python3" and current.interpreter != wanted:
            self._client.post(f"{self._client.workspace}/flexwm/interpreter/h/{current.hash}", repeat=True)
        self.locks.refresh(current)
        if current.lock is None:
            self._wait_until_runnable(current.path, current.hash, current.language)
        number = self._number(current.path, current.hash)
        return Registration(path=current.path, hash=current.hash, number=number, status="unchanged")

    def _create(self, draft: ScriptDraft, current: Script | None, parent: Script | None) -> Registration:
        """Make the next version. Raises Conflict when another made one first."""
        document = drafts.document(draft, current)
        if (lock := self.locks.before(document)) is not None:
            document["lock"] = lock
        if parent is not None:
            document["parent_hash"] = parent.hash
        made = self._send(draft, document)
        self._wait_until_runnable(draft.path, made, draft.language)
        number = self._number(draft.path, made)
        if current is None:
            return Registration(path=draft.path, hash=made, number=number, status="registered")
        added, removed = drafts.changed_lines(current.content, draft.content)
        return Registration(
            path=draft.path,
            hash=made,
            number=number,
            status="updated",
            previous_number=number - 1,
            added=added,
            removed=removed,
        )

    def _send(self, draft: ScriptDraft, document: dict[str, object]) -> str:
        """Create the version and give its hash, also when only the answer to the first try was lost."""
        try:
            return self._client.post(f"{self._client.workspace}/scripts/create", document, repeat=True).text
        except Conflict as error:
            newest = self._newest(draft.path) if error.details.get("attempt", 1) > 1 else None
            if newest is None or newest.archived or drafts.differs(draft, newest):
                raise
            return newest.hash

    def _number(self, path: str, found: str) -> int:
        return Reference(path, found).find(self.history(path)).number

    def _wait_until_runnable(self, path: str, found: str, language: str) -> None:
        """Wait for the engine to find the script's packages. Raises InvalidInput and ExecutionTimeout."""
        if language not in drafts.LOCKED:
            return
        wait_for(lambda: self._is_deployed(path, found), path=path, seconds=self._deploy_timeout, first=FIRST_LOOK)

    def _is_deployed(self, path: str, found: str) -> bool:
        state = self._client.read(Deployment, self._url("deployment_status/h", found))
        if state.lock is None and state.lock_error_logs:
            raise refused(path, state.lock_error_logs, hash=found, job_id=state.job_id)
        return state.lock is not None or state.lock_error_logs is not None


def refused(path: str, logs: str, **details: object) -> InvalidInput:
    """The error about a version whose packages the engine did not find, by the end of its log."""
    lines = [line for line in logs.splitlines() if line.strip()]
    return InvalidInput(
        f"The packages that {path} needs cannot be found",
        why=" / ".join(lines[-SHOWN_LINES:]),
        remedy="Correct its imports or its # requirements: and register it again",
        path=path,
        logs=logs,
        **details,
    )


def missing(path: str) -> ScriptNotFound:
    """The error about a path where there is nothing."""
    return ScriptNotFound(f"There is no script {path}", path=path)
