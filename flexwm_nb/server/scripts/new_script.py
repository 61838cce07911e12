"""A script as it is sent to be created: its fields, its hash, and the row that is stored of it."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args

import msgspec

from flexwm_nb.errors import FlexwmError
from flexwm_nb.server.scripts.languages import LOCKED, Language
from flexwm_nb.server.web import paths
from flexwm_nb.server.web.failures import Failure, bad_request
from flexwm_nb.server.web.http import Identity
from flexwm_nb.signatures import parse_signature

Kind = Literal["script", "failure", "trigger", "approval", "preprocessor"]
Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{16}$")]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int16 = Annotated[int, msgspec.Meta(ge=-(2**15), le=2**15 - 1)]

LANGUAGES: tuple[str, ...] = get_args(Language)
LARGEST = 5_000_000  # bytes of a script's source
LARGEST_PARSED = 100_000  # characters of a source whose signature is looked for when it has no plain `main`
MUTED = "Muting the error handler for certain script is only available in enterprise version"
MAIN = re.compile(r"^(?:async[ \t]+)?def[ \t]+main[ \t]*\(", re.MULTILINE)
PREPROCESSOR = re.compile(r"^(?:async[ \t]+)?def[ \t]+preprocessor[ \t]*\(", re.MULTILINE)
FUNCTION = r"^[ \t]*(?:export[ \t]+)?(?:async[ \t]+)?function[ \t]+"
TYPESCRIPT = (
    re.compile(FUNCTION + r"main[ \t]*[(<]", re.MULTILINE),
    re.compile(FUNCTION + r"preprocessor[ \t]*[(<]|^export[ \t]*\{[^}]*\bpreprocessor\b", re.MULTILINE),
)
# language -> how a plain main and a preprocessor look
PLAIN = {"python3": (MAIN, PREPROCESSOR), **dict.fromkeys(("bun", "bunnative", "deno", "nativets"), TYPESCRIPT)}
# fields of the request that have a column of their own, as they stand
COLUMNS = (
    "path", "summary", "description", "content", "is_template", "tag", "dedicated_worker", "priority", "timeout",
    "cache_ttl", "concurrency_key", "concurrent_limit", "concurrency_time_window_s", "deployment_message",
)  # fmt: skip
# fields that are kept in the column `settings`
SETTINGS = (
    "envs", "cache_ignore_s3_path", "restart_unless_cancelled", "visible_to_runner_only", "codebase", "assets",
    "modules", "labels", "debounce_key", "debounce_delay_s",
)  # fmt: skip
# columns in which two versions of a script may differ
COMPARED = (
    "summary", "description", "content", "schema", "is_template", "language", "kind", "tag", "dedicated_worker",
    "priority", "timeout", "cache_ttl", "concurrency_key", "concurrent_limit", "concurrency_time_window_s",
    "auto_kind", "has_preprocessor", "settings",
)  # fmt: skip
UNHASHED = {"auto_parent": None, "preserve_on_behalf_of": None, "skip_draft_deletion": None}

_encoder = msgspec.json.Encoder()


class NewScript(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of the request."""

    path: str
    parent_hash: Hash | None = None
    summary: str
    description: str | None = None
    content: str
    schema: Any = None
    is_template: bool | None = None
    lock: str | list[str] | None = None
    language: Language
    kind: Kind | None = None
    tag: str | None = None
    envs: list[str] | None = None
    concurrency_key: str | None = None
    concurrent_limit: Int32 | None = None
    concurrency_time_window_s: Int32 | None = None
    debounce_key: str | None = None
    debounce_delay_s: Int32 | None = None
    cache_ttl: Int32 | None = None
    cache_ignore_s3_path: bool | None = None
    dedicated_worker: bool | None = None
    ws_error_handler_muted: bool | None = None
    priority: Int16 | None = None
    timeout: Int32 | None = None
    delete_after_use: bool | None = None
    delete_after_secs: Int32 | None = None
    restart_unless_cancelled: bool | None = None
    deployment_message: str | None = None
    visible_to_runner_only: bool | None = None
    auto_kind: str | None = None
    codebase: str | None = None
    has_preprocessor: bool | None = None
    on_behalf_of_email: str | None = None
    preserve_on_behalf_of: bool | None = None
    assets: list[Any] | None = None
    modules: dict[str, Any] | None = None
    labels: list[str] | None = None
    auto_parent: bool | None = None
    skip_draft_deletion: bool | None = None


def check(new: NewScript) -> None:
    """Raise Failure 400 when it cannot be stored."""
    check_size(f"The source of {new.path}", new.content)
    if new.ws_error_handler_muted:
        raise bad_request(MUTED)
    paths.check_text(new.summary, new.description, new.content)
    paths.check(new.path, "script")


def check_size(what: str, content: str) -> None:
    """Raise Failure 400 when a source is larger than one may be."""
    size = len(content) if content.isascii() else len(content.encode())
    if size > LARGEST:
        raise bad_request(
            f"{what} is too large: {size} bytes, the limit is {LARGEST}. "
            "Put data into a file or a resource and read it from there"
        )


def hash_of(new: NewScript) -> int:
    """The stable hash of a version: of every field but those that only say how to create it."""
    digest = sha256(_encoder.encode(msgspec.structs.replace(new, **UNHASHED))).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def stored(new: NewScript, identity: Identity) -> dict[str, Any]:
    """The columns that do not depend on what is stored already."""
    language = language_of(new)
    auto_kind, has_preprocessor = find_kind(new)
    row: dict[str, Any] = {name: getattr(new, name) for name in COLUMNS}
    row.update(
        description=new.description or "",
        is_template=bool(new.is_template),
        schema=None if new.schema is None else _encoder.encode(new.schema).decode(),
        lock=lock_of(new),
        language=language,
        kind=new.kind or "script",
        auto_kind=auto_kind,
        has_preprocessor=has_preprocessor,
        settings=json.dumps(settings(new, identity), ensure_ascii=False),
        created_by=identity.username,
    )
    return row


def language_of(new: NewScript) -> str:
    """The language, which a first comment `//native` makes another one for bun."""
    if new.language == "bun" and new.content.lstrip().startswith("//native"):
        return "bunnative"
    return new.language


def lock_of(new: NewScript) -> str:
    """The lock: as given, else empty, which says "deployed" everywhere that Windmill's clients look.

    A script that needs packages gets its lock later, by a job (see `script_create`); the others need none, and Windmill
    keeps none for them.
    """
    if new.language not in LOCKED:
        return ""
    return "\n".join(new.lock) if isinstance(new.lock, list) else new.lock or ""


def find_kind(new: NewScript) -> tuple[str | None, bool | None]:
    """`auto_kind` (`lib` = has no main) and `has_preprocessor`; languages but Python and TypeScript say it themselves.

    A source with a plain `main`, which is nearly every one, is not parsed here.
    """
    if new.language not in PLAIN:
        return new.auto_kind, new.has_preprocessor
    main, preprocessor = PLAIN[new.language]
    if main.search(new.content) or len(new.content) > LARGEST_PARSED:
        return None, preprocessor.search(new.content) is not None or None
    try:
        signature = parse_signature(new.language, new.content)
    except FlexwmError:
        return new.auto_kind, new.has_preprocessor
    return signature["auto_kind"], signature["has_preprocessor"] or None


def settings(new: NewScript, identity: Identity) -> dict[str, Any]:
    """The fields without a column, less those that are not given."""
    found = {name: value for name in SETTINGS if (value := getattr(new, name)) is not None}
    found["ws_error_handler_muted"] = False
    if (seconds := new.delete_after_secs) is not None or new.delete_after_use:
        found["delete_after_secs"] = seconds or 0
    if new.on_behalf_of_email:
        kept = new.preserve_on_behalf_of and identity.is_admin
        found["on_behalf_of_email"] = new.on_behalf_of_email if kept else identity.email
    return found


def changes_nothing(new: NewScript, row: dict[str, Any], head: dict[str, Any]) -> bool:
    """Whether a new version would equal the current one.

    As on Windmill, a body without `ws_error_handler_muted: false` differs, and a lock counts only if given.
    """
    if new.ws_error_handler_muted is None or (new.lock and row["lock"] != head["lock"]):
        return False
    return all(row[name] == head[name] for name in COMPARED)


def check_language(text: str) -> str:
    """A language in a query. Raises Failure 400."""
    if text not in LANGUAGES:
        listed = ", ".join(f"`{name}`" for name in LANGUAGES)
        raise Failure(
            400, f"Failed to deserialize query string: languages: unknown variant `{text}`, expected one of {listed}"
        )
    return text
