"""Who may come in: hosts and origins, tokens, and which routes need them."""

from __future__ import annotations

import re
from hashlib import sha256
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.types import Scope

from flexwm_nb.server.clock import now
from flexwm_nb.server.context import Context
from flexwm_nb.server.web.failures import Failure, permission_denied, unauthorized
from flexwm_nb.server.web.http import Identity

PUBLIC = frozenset(
    {
        "/version",
        "/uptodate",
        "/ee_license",
        "/min_keep_alive_version",
        "/health/status",
        "/auth/login",
        "/auth/logout",
        "/auth/is_first_time_setup",
        "/auth/is_smtp_configured",
        "/auth/is_password_login_disabled",
        "/approve/{workspace}/{flow}",
        "/w/{workspace}/s3_proxy/{storage}/{key:path}",  # the link's signature is looked at
    }
)
LINKS = re.compile(r"/approve/|/api/w/[^/]+/jobs_u/(?:resume|cancel)/")  # followed from mails; signed or harmless
READING = frozenset({"GET", "HEAD"})
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that name."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def check_origin(scope: Scope) -> None:
    """Refuse pages of other sites and rebound host names: only this machine's own names lead here.

    Raises Failure 403. A Unix socket cannot be reached by a browser, so only the loopback listener is checked.
    """
    server = scope.get("server")
    if server is None or server[1] is None:
        return
    own = {f"{host}:{server[1]}" for host in HOSTS}
    if header(scope, b"host") not in own:
        raise Failure(403, "Permission denied: this host name is not served")
    origin = header(scope, b"origin")
    if origin is not None and origin.partition("://")[2] not in own:
        raise Failure(403, "Permission denied: requests from other origins are refused")
    if header(scope, b"sec-fetch-site") in ("cross-site", "same-site") and not LINKS.match(scope["path"]):
        raise Failure(403, "Permission denied: requests from other sites are refused")


def authorize(context: Context, scope: Scope, route: str, workspace: str | None) -> Identity | None:
    """Who asks for this route. Raises Failure 401 where a token is needed and 403 where it may only read."""
    if route in PUBLIC:
        return None
    token = find_token(scope)
    found = token and resolve(context, token, workspace)
    if not found:
        if "/jobs_u/" in route:
            return None
        raise unauthorized()
    if found.read_only and scope["method"] not in READING:
        raise permission_denied("this token may only read")
    return found


def find_token(scope: Scope) -> str | None:
    """The request's token: bearer header, else cookie, else query, as Windmill takes it."""
    authorization = header(scope, b"authorization")
    if authorization is not None:
        kind, _, token = authorization.partition(" ")
        return token.strip() if kind.lower() == "bearer" else None
    if (cookies := header(scope, b"cookie")) and (cookie := SimpleCookie(cookies).get("token")):
        return cookie.value
    if b"token=" in scope["query_string"]:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        return given[0] if given else None
    return None


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def resolve(context: Context, token: str, workspace: str | None) -> Identity | None:
    """Whom a token stands for in a workspace, None when it is not valid there."""
    if (of_job := context.job_tokens.get(token)) is not None:
        return of_job if workspace in (None, of_job.workspace) else None
    key = (hash_token(token), workspace)
    found = context.identities.get(key) or _look_up(context, *key)
    if found is None or (found.expires_at is not None and found.expires_at < now()):
        return None
    context.identities[key] = found
    return found


def _look_up(context: Context, hashed: str, workspace: str | None) -> Identity | None:
    """The store's answer."""
    row = context.database.one("access_token", hash=hashed)
    if row is None or row["workspace_id"] not in (None, workspace):
        return None
    # a token of one workspace opens nothing outside of it, whoever made it
    super_admin = bool(row["super_admin"]) and row["workspace_id"] is None
    identity = Identity(
        email=row["email"],
        username=row["email"],
        is_admin=super_admin,
        super_admin=super_admin,
        workspace=workspace,
        role="superadmin" if super_admin else None,
        is_member=False,
        read_only=bool(row["read_only"]),
        expires_at=row["expiration"],
    )
    return identity if workspace is None else _as_member(context, identity)


def _as_member(context: Context, identity: Identity) -> Identity | None:
    """The identity within its workspace; a super administrator may enter without being a member."""
    row = context.database.one("access_member", workspace=identity.workspace, email=identity.email)
    if row is None:
        return identity if identity.super_admin else None
    return Identity(
        email=identity.email,
        username=row["username"],
        is_admin=bool(row["is_admin"]) or identity.super_admin,
        super_admin=identity.super_admin,
        workspace=identity.workspace,
        role=row["role"],
        read_only=identity.read_only,
        expires_at=identity.expires_at,
    )
