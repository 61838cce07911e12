"""The first administrator of a Windmill started here: its known password is replaced before anybody uses it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from flexwm_nb.client.client import Client
from flexwm_nb.client.endpoint import Endpoint
from flexwm_nb.errors import AuthenticationFailed, EngineError, NotFound, PermissionDenied, RequestRefused

KIND = "managed"
EMAIL = "admin@windmill.dev"
FIRST_PASSWORD = "changeme"  # noqa: S105 every new Windmill has it, and everybody knows it
WORKSPACE = "admins"  # there is always this one
PRIVATE = 0o600
ATTEMPTS = 5
NO_PASSWORDS = "disable_password_login"  # a setting of the instance
DOOR_LOOKS, DOOR_PAUSE = 8, 1.0  # it is read by and by; more logins in a minute are refused for their number


def token_for(url: str, credentials: Path, given: str | None) -> str:
    """A token of the administrator: the kept one while it is good, else a new one. Raises AuthenticationFailed.

    A `given` one is taken where the database is somebody's whose password is not known here.
    """
    kept = _read(credentials)
    if (token := kept.get("token")) and _is_good(url, token):
        return token
    if (spare := kept.get("spare")) and _is_good(url, spare):
        return _renew(url, credentials, kept)
    for password in (kept.get("password"), FIRST_PASSWORD):
        if password and (session := _login(url, password)):
            return _settle(url, session, credentials, password)
    if given is not None and _is_good(url, given):
        return given
    raise AuthenticationFailed(
        "The database belongs to a Windmill whose administrator has another password",
        why=f"{credentials} does not know it",
        remedy="Give a token of it with WM_TOKEN, or use another database",
    )


def _settle(url: str, session: str, credentials: Path, password: str) -> str:
    """Take the first password out of use, and make a token that stays. Raises EngineError."""
    with _client(url, session) as client:
        kept = {"password": _replace(client, credentials)} if password == FIRST_PASSWORD else {"password": password}
        token = _make_token(client)
        _write(credentials, {**kept, "token": token, "spare": _make_token(client)})
        if kept["password"] == "":
            _close_door(client, url)
    return token


def _renew(url: str, credentials: Path, kept: dict[str, str]) -> str:
    """A new token in place of one that was revoked, made by the spare one, which nobody else knows."""
    with _client(url, kept["spare"]) as client:
        token = _make_token(client)
    _write(credentials, {**kept, "token": token})
    return token


def _make_token(client: Client) -> str:
    """A token without a label: runs are then the administrator's own, and not the label's."""
    return client.post("/users/tokens/create", {}).text.strip()


def _replace(client: Client, credentials: Path) -> str:
    """Set a new password, kept before it is set; empty where this build of Windmill cannot."""
    password = secrets.token_urlsafe(32)
    _write(credentials, {"password": password})
    try:
        client.post("/users/setpassword", {"password": password})
    except RequestRefused:  # a build from the public source knows no passwords but the first
        return ""
    return password


def _close_door(client: Client, url: str) -> None:
    """Let nobody in by a password any more, and wait until that is so. Raises EngineError."""
    client.post(f"/settings/global/{NO_PASSWORDS}", {"value": True})
    for _ in range(DOOR_LOOKS):
        if _login(url, FIRST_PASSWORD) is None:
            return
        time.sleep(DOOR_PAUSE)
    raise EngineError(
        "The Windmill that was started has a password that everybody knows, and it cannot be changed",
        remedy="Use a newer or a released Windmill",
    )


def _login(url: str, password: str) -> str | None:
    """A token for the password; None where it is wrong."""
    with _client(url, None) as client:
        try:
            return client.post("/auth/login", {"email": EMAIL, "password": password}).text.strip()
        except (RequestRefused, NotFound):
            return None


def _is_good(url: str, token: str) -> bool:
    with _client(url, token) as client:
        try:
            client.get("/users/whoami")
        except (AuthenticationFailed, PermissionDenied):
            return False
        return True


@contextlib.contextmanager
def _client(url: str, token: str | None) -> Iterator[Client]:
    endpoint = Endpoint(kind=KIND, url=url, workspace=WORKSPACE, token=token)
    with contextlib.closing(Client(endpoint, attempts=ATTEMPTS)) as client:
        yield client


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, kept: dict[str, str]) -> None:
    """Keep it, readable by nobody else, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
