"""What a workspace holds as the files of an archive, laid out as `wmill sync` expects them."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from flexwm_nb.server.people.rights import EVERYBODY
from flexwm_nb.server.scripts import script_documents
from flexwm_nb.server.store.connections import Row

File: TypeAlias = tuple[str, str]  # name and content

EXTENSIONS = {
    "python3": "py", "bash": "sh", "go": "go", "deno": "deno.ts", "bun": "bun.ts", "bunnative": "bun.ts",
    "nativets": "fetch.ts", "postgresql": "pg.sql", "mysql": "my.sql", "bigquery": "bq.sql", "snowflake": "sf.sql",
    "mssql": "ms.sql", "oracledb": "odb.sql", "duckdb": "duckdb.sql", "graphql": "gql", "powershell": "ps1",
    "php": "php", "rust": "rs", "ansible": "playbook.yml", "csharp": "cs", "nu": "nu", "java": "java", "ruby": "rb",
    "rlang": "r",
}  # fmt: skip
FOUND_OUT = ("is_template", "auto_kind")  # Windmill leaves them out: no file says them
OPTIONS = ("tag", *(name for name in script_documents.OMITTED if name not in FOUND_OUT))
SCRIPT_FIELDS = ("summary", "description", "lock", "kind")
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)  # the same content makes the same archive


def extension(language: str, default_ts: str) -> str:
    """The end of a source file's name; the workspace's usual TypeScript is plain `ts`."""
    found = EXTENSIONS[language]
    return "ts" if found == f"{default_ts}.ts" else found


def scripts(rows: Iterable[Row], default_ts: str) -> Iterator[File]:
    """Each script's source and what else is known of it."""
    for row in rows:
        fields: dict[str, Any] = {name: row[name] for name in SCRIPT_FIELDS}
        fields["schema"] = _value(row["schema"])
        options = {name: row[name] for name in OPTIONS if row[name] not in (None, 0)}
        for name in script_documents.BOOLEANS:
            if name in options:
                options[name] = True
        settings = {name: value for name, value in json.loads(row["settings"]).items() if value not in (None, False)}
        yield f"{row['path']}.{extension(row['language'], default_ts)}", row["content"]
        yield _described(f"{row['path']}.script", {**fields, **options, **settings})


def flows(rows: Iterable[Row]) -> Iterator[File]:
    """Each flow, the code of its steps inside."""
    for row in rows:
        fields = {"summary": row["summary"], "description": row["description"], "value": _value(row["value"])}
        fields["schema"] = _value(row["schema"])
        options = {name: row[name] for name in ("tag", "timeout", "dedicated_worker") if row[name] not in (None, 0)}
        yield _described(f"{row['path']}.flow", {**fields, **options, **json.loads(row["settings"])})


def variables(rows: Iterable[Row], plain: Callable[[Row], str]) -> Iterator[File]:
    """Each variable, `plain` giving its value as it is to stand there."""
    for row in rows:
        fields = {"value": plain(row), "is_secret": bool(row["is_secret"]), "description": row["description"]}
        yield _described(f"{row['path']}.variable", _with(fields, labels=_value(row["labels"])))


def resources(rows: Iterable[Row]) -> Iterator[File]:
    """Each resource."""
    for row in rows:
        fields = {
            "value": _value(row["value"]), "description": row["description"] or "",
            "resource_type": row["resource_type"],
        }  # fmt: skip
        yield _described(f"{row['path']}.resource", _with(fields, labels=_value(row["labels"])))


def resource_types(rows: Iterable[Row]) -> Iterator[File]:
    """Each type of resources that the workspace itself has."""
    for row in rows:
        fields = {"schema": _value(row["schema"]), "description": row["description"] or ""}
        more = {"is_fileset": bool(row["is_fileset"]), "format_extension": row["format_extension"]}
        yield _described(f"{row['name']}.resource-type", {**fields, **more})


def schedules(rows: Iterable[Row], show: Callable[[Row], dict[str, Any]]) -> Iterator[File]:
    """Each schedule, `show` giving its document."""
    left_out = (
        "workspace_id",
        "path",
        "edited_by",
        "edited_at",
        "extra_perms",
        "error",
        "permissioned_as",
        "args",
        "is_draft",
    )
    for row in rows:
        fields = {name: value for name, value in show(row).items() if name not in left_out}
        yield _described(f"{row['path']}.schedule", {**fields, "args": _value(row["args"]) or {}})


def folders(rows: Iterable[Row]) -> Iterator[File]:
    """Each folder: its name for people, and who may do what in it."""
    for row in rows:
        owners, permissions = _value(row["owners"]), _value(row["extra_perms"])
        fields = {"summary": row["summary"], "display_name": row["display_name"]}
        yield _described(f"f/{row['name']}/folder.meta", {**fields, "owners": owners, "extra_perms": permissions})


def users(rows: Iterable[Row]) -> Iterator[File]:
    """Each member."""
    for row in rows:
        role = "admin" if row["is_admin"] else "operator" if row["operator"] else "developer"
        fields = {"username": row["username"], "role": role, "disabled": bool(row["disabled"])}
        yield _described(f"users/{row['email']}.user", fields)


def groups(rows: Iterable[Row]) -> Iterator[File]:
    """Each group but that of everybody: who may change it, and who else is in it."""
    for row in rows:
        if row["name"] == EVERYBODY:
            continue
        admins = [who for who, may_write in _value(row["extra_perms"]).items() if may_write]
        members = [who for name in _value(row["members"]) if (who := f"u/{name}") not in admins]
        fields = {"admins": admins, "summary": row["summary"] or "", "members": members}
        yield _described(f"groups/{row['name']}.group", fields)


def _with(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The fields and those of the others that are set."""
    return fields | {name: value for name, value in more.items() if value is not None}


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _described(name: str, fields: dict[str, Any]) -> File:
    """A document as the archive holds it."""
    return f"{name}.json", json.dumps(fields, indent=2, ensure_ascii=False)


def pack_zip(files: Iterable[File]) -> bytes:
    """The files as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            entry = zipfile.ZipInfo(name, EPOCH_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, content.encode())
    return buffer.getvalue()


def pack_tar(files: Iterable[File]) -> bytes:
    """The files as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, content in files:
            data = content.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
