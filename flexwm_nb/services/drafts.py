"""A draft against the version that is current: what differs, and the document that makes the next version; pure."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from flexwm_nb import signatures
from flexwm_nb.errors import InvalidInput, ScriptTooLarge, UnknownLanguage
from flexwm_nb.models.scripts import Script, ScriptDraft

LARGEST_SOURCE = 5_000_000  # bytes; Windmill has no limit, but shows and compares every version in full
LOCKED = frozenset(  # languages whose packages an engine may have to find before a script can run
    [
        "ansible",
        "bun",
        "bunnative",
        "csharp",
        "deno",
        "go",
        "java",
        "nu",
        "php",
        "powershell",
        "python3",
        "rlang",
        "ruby",
        "rust",
    ]
)
SETTINGS = (
    "summary",
    "description",
    "schema",
    "tag",
    "lock",
    "timeout",
    "kind",
    "envs",
    "cache_ttl",
    "concurrent_limit",
    "concurrency_time_window_s",
    "priority",
    "labels",
)
CARRIED = (  # of the version before, where the draft says nothing
    "summary",
    "description",
    "tag",
    "timeout",
    "kind",
    "envs",
    "cache_ttl",
    "concurrent_limit",
    "concurrency_time_window_s",
    "priority",
    "labels",
    "concurrency_key",
    "debounce_key",
    "debounce_delay_s",
    "cache_ignore_s3_path",
    "dedicated_worker",
    "ws_error_handler_muted",
    "delete_after_secs",
    "restart_unless_cancelled",
    "visible_to_runner_only",
)
FOUND_OUT = frozenset({"schema", "lock"})  # from the source, where nothing is said
ABSENT: tuple[Any, ...] = (None, "", False, [], {})
CARRIED_WITH_SOURCE = ("schema", "lock", "assets", "modules")  # only while the source stays


def check(draft: ScriptDraft) -> None:
    """Raise ScriptTooLarge, and InvalidInput for an empty source."""
    check_size(draft.path, draft.content)
    if not draft.content.strip():
        raise InvalidInput(f"The source of {draft.path} is empty")


def check_size(path: str, content: str) -> None:
    """Raise ScriptTooLarge."""
    size = len(content.encode(errors="surrogatepass"))
    if size > LARGEST_SOURCE:
        why = f"{path} has {size:,} bytes of source, the limit is {LARGEST_SOURCE:,}"
        raise ScriptTooLarge(why=why, size=size, limit=LARGEST_SOURCE)


def differs(draft: ScriptDraft, current: Script) -> bool:
    """Whether registering the draft would change the current version, or mend its lock."""
    if not same_source(draft, current) or (current.lock is None and current.lock_error_logs):
        return True
    wanted = {**cleared(draft), **given(draft)}
    return any(_plain(name, getattr(current, name, None)) != _plain(name, value) for name, value in wanted.items())


def _plain(name: str, value: Any) -> Any:
    """A setting's value, where what means nothing is None."""
    return None if value in ABSENT or (name == "kind" and value == "script") else value


def cleared(draft: ScriptDraft) -> dict[str, Any]:
    """The settings that an exact draft takes away where it does not name them."""
    names = {*SETTINGS, *CARRIED} - FOUND_OUT if draft.exact else ()
    return dict.fromkeys(names)


def same_source(draft: ScriptDraft, current: Script) -> bool:
    """Whether language and source are those of the current version."""
    languages = {draft.language, f"{draft.language}native"}  # bun becomes bunnative by a comment
    return draft.content == current.content and current.language in languages


def given(draft: ScriptDraft) -> dict[str, Any]:
    """The settings that the draft sets."""
    named = {name: value for name in SETTINGS if (value := getattr(draft, name)) is not None}
    return {**(draft.more or {}), **named}


def document(draft: ScriptDraft, current: Script | None) -> dict[str, Any]:
    """What is sent to make the next version. Raises InvalidSource where the arguments cannot be found out."""
    names: tuple[str, ...] = ()
    if current is not None:
        names = () if draft.exact else CARRIED
        names += CARRIED_WITH_SOURCE if same_source(draft, current) else ()
    kept = {name: value for name in names if (value := getattr(current, name, None)) is not None}
    made = {"summary": "", "description": "", **inferred(draft), **kept, **given(draft)}
    made |= {"path": draft.path, "language": draft.language, "content": draft.content}
    if draft.library:
        made["auto_kind"] = "lib"
    if draft.deployment_message is not None:
        made["deployment_message"] = draft.deployment_message
    return made


def inferred(draft: ScriptDraft) -> dict[str, Any]:
    """What the source says of itself; nothing for a language without a parser here."""
    try:
        signature = signatures.parse_signature(draft.language, draft.content)
    except UnknownLanguage:
        return {}
    found = {name: signature[name] for name in ("auto_kind", "has_preprocessor") if signature.get(name)}
    return {"schema": signatures.infer_schema(draft.language, draft.content), **found}


def changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines were added and how many removed."""
    steps = SequenceMatcher(None, old.splitlines(), new.splitlines()).get_opcodes()
    changes = [step for step in steps if step[0] != "equal"]
    return sum(step[4] - step[3] for step in changes), sum(step[2] - step[1] for step in changes)
